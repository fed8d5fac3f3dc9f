import type { ServerResponse } from 'node:http';
import { isForbiddenKey } from '@express-micro/core';
import type { HttpRequest, Next } from '../middleware.ts';
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
      for (const [key, value] of Object.entries(found))
        if (!isForbiddenKey(key)) (req as unknown as Record<string, unknown>)[key] = value;
      next();
    };
    const found = find(req);
    if (found instanceof Promise) found.then(give, next);
    else give(found);
  };
}
