import type { IncomingMessage, ServerResponse } from 'node:http';

type Handle = (this: unknown, req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/** What observability needs of an Express app; Express 4.21+ and 5 have it, whatever version of the types is installed. */
export interface ExpressApp {
  (req: IncomingMessage, res: ServerResponse): unknown;
  get(setting: string): unknown;
}

type HandlingApp = ExpressApp & {
  handle: Handle;
  /** The prototypes of its requests and responses. */
  readonly request: object;
  readonly response: object;
};

/** Runs before everything else of an app, and has the rest of it run by calling `onward`. */
export type Outside = (req: IncomingMessage, res: ServerResponse, onward: () => void) => void;

export function isExpressApp(value: unknown): value is HandlingApp {
  // A router has `handle`, `get` and `use` too; only an app has settings and listens.
  const app = value as { handle?: unknown; get?: unknown; enabled?: unknown; listen?: unknown } | undefined;
  return (
    typeof value === 'function' &&
    typeof app?.handle === 'function' &&
    typeof app.get === 'function' &&
    typeof app.enabled === 'function' &&
    typeof app.listen === 'function'
  );
}

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
