import type { IncomingMessage } from 'node:http';
import type { Clock, HandlingApp, Lifetime } from '@express-micro/core';

/** When the time of a request is up: a `Date`, which also tells what is left of it by a clock that nobody can set. */
export interface RequestDeadline extends Date {
  /** Milliseconds, 0 when none are left. */
  readonly remainingMs: number;
}

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

/** For requests that did not come through us: after `close()`, or in an app that is called from a function. */
const NEVER: AbortSignal = new AbortController().signal;

/**
 * Gives the requests of an app, and of the apps that are mounted on it, `req.signal` and `req.deadline`. They stand on the
 * prototype that Express gives each request, so they cost nothing until they are read. What somebody else has put there
 * stays, and middleware may set a property of the same name on a request.
 *
 * Node 24 and later have a `signal` on every request; this one stands before it and knows of the time, too.
 */
export function giveLifetime(app: HandlingApp, lifetimeOf: LifetimeOf, clock: Clock): void {
  define(app.request, 'signal', (req) => lifetimeOf(req)?.signal ?? NEVER);
  define(app.request, 'deadline', (req) => {
    const lifetime = lifetimeOf(req);
    return lifetime?.endsAtMs === undefined ? undefined : createDeadline(lifetime, lifetime.endsAtMs, clock);
  });
}

function createDeadline(lifetime: Lifetime, endsAtMs: number, clock: Clock): RequestDeadline {
  const date = new Date(clock.epochMs() + endsAtMs - clock.monotonicMs());
  Object.defineProperty(date, 'remainingMs', { get: () => lifetime.remainingMs() });
  return date as RequestDeadline;
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
