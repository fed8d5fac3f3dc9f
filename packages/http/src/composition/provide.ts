import type { ServerResponse } from 'node:http';
import { isForbiddenKey, show } from '@express-micro/core';
import { misuse } from '../errors.ts';
import type { HttpRequest, Next } from '../middleware.ts';
import { isThenable } from '../thenable.ts';
import type { Pipeline } from './step.ts';

/**
 * A middleware that puts on the request what a function answers: `provide(async (req) => ({ user: await find(req) }))`. Those behind it
 * in a `pipeline` know `req.user`, with its type. If the function fails, the request does.
 */
export function provide<Adds extends object, Req extends HttpRequest = HttpRequest>(
  find: (req: Req) => Adds | Promise<Adds>,
): Pipeline<Req, ServerResponse, Adds> {
  return (req: Req, _res: ServerResponse, next: Next): void => {
    const give = (found: Adds): void => {
      try {
        put(req, found);
      } catch (error) {
        next(error);
        return;
      }
      next();
    };
    const found = find(req);
    if (isThenable(found)) found.then(give, next);
    else give(found);
  };
}

/** @throws HTTP_OPTION_INVALID for what is no object: going on without it would have those behind it think that it is there */
function put(req: object, found: unknown): void {
  if (typeof found !== 'object' || found === null) {
    throw misuse(
      `The function of provide() answered ${show(found)}; it has to answer an object, whose fields go to the request. Where there is nothing to be found, throw: UnauthorizedError, NotFoundError.`,
    );
  }
  for (const [key, value] of Object.entries(found)) if (!isForbiddenKey(key)) (req as Record<string, unknown>)[key] = value;
}
