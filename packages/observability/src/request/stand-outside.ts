import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HandlingApp } from '@express-micro/core';

type Handle = HandlingApp['handle'];

/** Runs before everything else of an app, and has the rest of it run by calling `onward`. */
export type Outside = (req: IncomingMessage, res: ServerResponse, onward: () => void) => void;

/**
 * Stands outside of everything else of an app, and stays there: who takes the place of `app.handle` later, such as the mesh,
 * is put inside. So a request that the mesh refuses is seen as well, whichever of the two was called first.
 *
 * Whoever reads `app.handle` meanwhile, to call it from a function of their own, gets what stands outside too; `isInside`
 * tells that a request has passed already.
 */
export function standOutside(app: HandlingApp, outside: Outside, isInside: (req: IncomingMessage) => boolean): void {
  let handle = app.handle;
  let outer = around(handle);

  function around(inner: Handle): Handle {
    return function handleObserved(this: unknown, req, res, next) {
      if (isInside(req)) inner.call(this, req, res, next);
      else outside(req, res, () => inner.call(this, req, res, next));
    };
  }

  Object.defineProperty(app, 'handle', {
    configurable: true,
    enumerable: true,
    get: () => outer,
    set(given: Handle) {
      if (given === outer) return;
      handle = given;
      outer = around(handle);
    },
  });
}
