import { declaredBy, markRouteName, routeNameOf } from '@express-micro/core';
import { httpError } from '../errors.ts';
import type { Next } from '../middleware.ts';

/** Whatever a framework takes: its own types come from where the handler is put. */
type AnyHandler = (req: never, res: never, next: never) => unknown;

/**
 * Has what an async handler throws go to the error handler, which Express 4 does not do by itself:
 * `app.get('/orders/:id', asyncHandler(async function getOrder(req, res) { … }))`. On Express 5 it changes nothing. The
 * handler's name stays, by which the mesh calls the route.
 *
 * @throws HTTP_OPTION_INVALID where it is given something else than a function
 */
export function asyncHandler<Handler extends AnyHandler>(handler: Handler): Handler {
  if (typeof handler !== 'function') {
    throw httpError('HTTP_OPTION_INVALID', 'asyncHandler() takes a handler: asyncHandler(async (req, res) => { … }).');
  }
  const run = handler as unknown as (req: unknown, res: unknown, next: Next) => unknown;
  const handled = (req: unknown, res: unknown, next: Next): void => {
    const failed = (error: unknown) =>
      next(error ?? new Error('The handler failed with nothing: it threw, or rejected, no error.'));
    try {
      const result = run(req, res, next) as PromiseLike<unknown> | undefined;
      if (typeof result?.then === 'function') result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  Object.defineProperty(handled, 'name', { value: handler.name, configurable: true });
  const name = routeNameOf(handler);
  return (name === undefined ? handled : markRouteName(handled, name, declaredBy(handler))) as unknown as Handler;
}
