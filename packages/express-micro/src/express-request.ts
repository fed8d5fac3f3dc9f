import type { IncomingMessage } from 'node:http';
import type { Clock, HandlingApp, Lifetime } from '@express-micro/core';
import { deadlineOf, type RequestDeadline, signalOf } from '@express-micro/mesh';

declare global {
  // Where `@types/express` is installed its `Request` takes these in; without it this stands alone.
  namespace Express {
    interface Request {
      /** Aborted when the caller goes away before it is answered, or when its time is up. For `fetch`, SQL, timers. */
      readonly signal: AbortSignal;
      /** When the caller's time is up; `undefined` where it gave none. */
      readonly deadline: RequestDeadline | undefined;
    }
  }
}

type LifetimeOf = (req: IncomingMessage) => Lifetime | undefined;

/**
 * Gives the requests of an app, and of the apps that are mounted on it, `req.signal` and `req.deadline`. They stand on the
 * prototype that Express gives each request, so they cost nothing until they are read. What somebody else has put there
 * stays, and middleware may set a property of the same name on a request.
 *
 * Node 24 and later have a `signal` on every request; this one stands before it and knows of the time, too.
 */
export function giveLifetime(app: HandlingApp, lifetimeOf: LifetimeOf, clock: Clock): void {
  define(app.request, 'signal', (req) => signalOf(lifetimeOf(req)));
  define(app.request, 'deadline', (req) => deadlineOf(lifetimeOf(req), clock));
}

function define(prototype: object, name: string, read: (req: IncomingMessage) => unknown): void {
  // Express's own prototypes end in Node's; what stands nearer than that is somebody's intent.
  if (Object.hasOwn(prototype, name)) return;
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: IncomingMessage) {
      return read(this);
    },
    set(this: IncomingMessage, value: unknown) {
      Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
    },
  });
}
