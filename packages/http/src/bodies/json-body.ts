import type { Middleware } from '../middleware.ts';
import { type JsonBodyOptions, resolveJsonOptions } from './body-options.ts';
import { parseJson } from './parse-json.ts';
import { parsedBody } from './parsed-body.ts';

/**
 * Reads JSON bodies (`application/json` and `…+json`) into `req.body`, in place of `express.json()`. What cannot be read goes to the error
 * handler: malformed 400 with the place, too deep or with a key that reaches a prototype 400, too large 413, another charset or
 * coding 415, cut off 400. A request without such a body passes untouched.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function jsonBody(options?: JsonBodyOptions): Middleware {
  const resolved = resolveJsonOptions(options);
  return parsedBody({ takes: isJson, parse: (bytes) => parseJson(bytes, resolved) }, resolved);
}

function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || (mediaType.startsWith('application/') && mediaType.endsWith('+json'));
}
