import type { ServerResponse } from 'node:http';
import { markRouteName, routeNameOf } from '@express-micro/core';
import { httpError } from '../errors.ts';
import type { HttpRequest, Next } from '../middleware.ts';

/**
 * Has what an async handler throws go to the error handler, which Express 4 does not do by itself:
 * `app.get('/orders/:id', asyncHandler(async function getOrder(req, res) { … }))`. On Express 5 it changes nothing. The
 * handler's name stays, by which the mesh calls the route.
 *
 * @throws HTTP_OPTION_INVALID where it is given something else than a function
 */
export function asyncHandler<Req extends HttpRequest, Res extends ServerResponse>(
  handler: (req: Req, res: Res, next: Next) => unknown,
): (req: Req, res: Res, next: Next) => void {
  if (typeof handler !== 'function') {
    throw httpError('HTTP_OPTION_INVALID', 'asyncHandler() takes a handler: asyncHandler(async (req, res) => { … }).');
  }
  const handled = (req: Req, res: Res, next: Next): void => {
    const failed = (error: unknown) =>
      next(error ?? new Error('The handler failed with nothing: it threw or rejected without an error.'));
    try {
      const result = handler(req, res, next);
      if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
        (result as PromiseLike<unknown>).then(undefined, failed);
      }
    } catch (error) {
      failed(error);
    }
  };
  Object.defineProperty(handled, 'name', { value: handler.name, configurable: true });
  const name = routeNameOf(handler);
  return name === undefined ? handled : markRouteName(handled, name);
}
