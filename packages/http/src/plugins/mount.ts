import type { ServerResponse } from 'node:http';
import { show } from '@express-micro/core';
import type { AnyMiddleware } from '../composition/step.ts';
import { optionInvalid } from '../errors.ts';
import type { HttpRequest, Next } from '../middleware.ts';

/**
 * Where a plugin stands, without a slash at its end. Compared letter by letter, so that one which is written otherwise would never be found.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function prefixOf(plugin: string, prefix: unknown = `/${plugin}`): string {
  if (typeof prefix === 'string' && /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*\/?$/.test(prefix)) return prefix.replace(/\/$/, '');
  throw optionInvalid(
    `"prefix" of plugin "${plugin}" is ${show(prefix)}; it takes a path such as "/v1/shop": letters, digits, "_", ".", "~" and "-" between slashes.`,
  );
}

/** Lets requests below a path pass a middleware, which sees the rest of the path, as behind `app.use(prefix, …)`. */
export function mount(prefix: string, middleware: AnyMiddleware): AnyMiddleware {
  return (req: HttpRequest & { baseUrl?: string }, res: ServerResponse, next: Next) => {
    const { url = '/', baseUrl } = req;
    if (!isBelow(url, prefix)) return next();
    req.originalUrl ??= url;
    const rest = url.slice(prefix.length);
    req.url = rest.startsWith('/') ? rest : `/${rest}`;
    req.baseUrl = (baseUrl ?? '') + prefix;
    return middleware(req, res, (error?: unknown) => {
      req.url = url;
      if (baseUrl === undefined) delete req.baseUrl;
      else req.baseUrl = baseUrl;
      // Its `next('route')` ends its own routes, and none of the app's.
      if (error === 'route' || error === 'router') next();
      else next(error);
    });
  };
}

function isBelow(url: string, prefix: string): boolean {
  if (!url.toLowerCase().startsWith(prefix.toLowerCase())) return false;
  const after = url[prefix.length];
  return after === undefined || after === '/' || after === '?';
}
