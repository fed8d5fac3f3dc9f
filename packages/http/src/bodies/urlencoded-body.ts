import type { Middleware } from '../middleware.ts';
import { type FormBodyOptions, resolveFormOptions } from './body-options.ts';
import { parseForm } from './parse-form.ts';
import { parsedBody } from './parsed-body.ts';

/**
 * Reads forms (`application/x-www-form-urlencoded`) into `req.body`, in place of `express.urlencoded({ extended: true })`. Errors are those of
 * `jsonBody()`.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function urlencodedBody(options?: FormBodyOptions): Middleware {
  const resolved = resolveFormOptions(options);
  return parsedBody(
    { takes: (mediaType) => mediaType === 'application/x-www-form-urlencoded', parse: (bytes) => parseForm(bytes, resolved) },
    resolved,
  );
}
