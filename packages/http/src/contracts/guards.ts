import type { ServerResponse } from 'node:http';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import { isPromise } from '../validation/schema.ts';

/**
 * Runs guards one after another; the first that fails, or that answers by itself, ends it. One middleware of many, on any framework. What
 * a guard fails with after it has gone on is told as well, by another call of `next`: what is behind runs already.
 */
export function inSequence(guards: readonly Middleware[]): Middleware {
  return (req, res, next) => run(guards, 0, req, res, next);
}

function run(guards: readonly Middleware[], at: number, req: HttpRequest, res: ServerResponse, next: Next): void {
  const guard = guards[at];
  if (guard === undefined) {
    next();
    return;
  }
  let isOver = false;
  const once: Next = (error) => {
    // Who says `next` twice would have the handler run twice.
    if (isOver) return;
    isOver = true;
    // `next('route')` and `next('router')` are Express's, who reads them.
    if (error !== undefined && error !== null) next(error);
    else run(guards, at + 1, req, res, next);
  };
  const fail = (error: unknown) => (isOver ? next : once)(error ?? new Error('A guard failed without saying why.'));
  try {
    const result: unknown = guard(req, res, once);
    // Express 4 waits for nobody, and Node ends the process for a rejection that nobody sees.
    if (isPromise(result)) void result.then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}
