import { show } from '@express-micro/core';
import { httpError } from '../errors.ts';
import type { HttpRequest, Next } from '../middleware.ts';
import type { AnyMiddleware } from './step.ts';

/** A path (`/health`), all below one (`/public/*`), a pattern, a question, or several of these. */
export type Excepted =
  | string
  | RegExp
  | ((req: HttpRequest) => boolean)
  | readonly (string | RegExp | ((req: HttpRequest) => boolean))[];

/**
 * Runs a middleware, except for some requests: `app.use(unless(['/login', '/health/*'], authenticate))`. Paths are compared as the client
 * wrote them, without the query, upper and lower case apart. One with `//` or dots between slashes, however encoded, is never excepted:
 * whoever serves it may read it as another.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function unless<M extends AnyMiddleware>(except: Excepted, middleware: M): M {
  const tests = (Array.isArray(except) ? except : [except]).map(testOf);
  if (typeof middleware !== 'function') throw refused(`got ${show(middleware)} as its middleware`);
  const skipping = (req: HttpRequest, res: unknown, next: Next): unknown =>
    // Only a clear yes: a promise, or what a search has found, must not open a door.
    tests.some((test) => test(req) === true) ? next() : middleware(req, res, next);
  return Object.defineProperty(skipping, 'name', { value: middleware.name }) as unknown as M;
}

function testOf(except: unknown): (req: HttpRequest) => boolean {
  if (typeof except === 'function') return except as (req: HttpRequest) => boolean;
  if (except instanceof RegExp) {
    // With `g` or `y` a pattern remembers where it was, and every second request would be another.
    const pattern = new RegExp(except.source, except.flags.replace(/[gy]/g, ''));
    return (req) => isMatch(req, (path) => pattern.test(path));
  }
  if (typeof except !== 'string' || !except.startsWith('/')) throw refused(`got ${show(except)} as an exception`);
  if (!except.endsWith('/*')) {
    const wanted = withoutSlash(except);
    return (req) => isMatch(req, (path) => withoutSlash(path) === wanted);
  }
  const root = except.slice(0, -2);
  return (req) => isMatch(req, (path) => path === root || path.startsWith(`${root}/`));
}

function isMatch(req: HttpRequest, test: (path: string) => boolean): boolean {
  const path = pathOf(req.originalUrl ?? req.url ?? '');
  return path !== undefined && !isAmbiguous(path) && test(path);
}

/** `GET http://host/path` is allowed, too: with a host about whose end nobody can be of two minds. */
function pathOf(url: string): string | undefined {
  const front = /^(?:[a-z][a-z\d+.-]*:\/\/(?:[\w.~-]*|\[[\da-f:.]+\])(?::\d*)?)?(?=[/?#])/i.exec(url);
  return front === null ? undefined : url.slice(front[0].length).replace(/[?#].*$/s, '') || '/';
}

function isAmbiguous(path: string): boolean {
  return /\/\/|\\|%2f|%5c|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function refused(got: string): Error {
  return httpError(
    'HTTP_OPTION_INVALID',
    `unless() ${got}; it takes paths that begin with "/", patterns or functions, and a middleware: unless(['/login', '/public/*'], authenticate).`,
  );
}
