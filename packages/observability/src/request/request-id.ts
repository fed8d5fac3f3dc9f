import type { IncomingMessage, ServerResponse } from 'node:http';
import { keepContext, runBeside, runInContext, systemClock, systemRandom } from '@express-micro/core';
import { type ObservedRequest, observe, type RequestObserver, type RequestSurroundings } from './observed-request.ts';

export type Next = (error?: unknown) => void;
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void;

export const SYSTEM: RequestSurroundings = Object.freeze({ clock: systemClock, random: systemRandom });

/**
 * Gives each request an id: its `x-request-id` where that is well-formed (1 to 128 letters, digits, `_`, `.`, `-`), else a
 * new UUID. It is returned in the answer, stands in every log line and goes with each call of the mesh.
 *
 * A part of `observability()`, to be used alone: `app.use(requestId())`, before everything that is to know of it.
 */
export function requestId(): Middleware {
  return observing([]);
}

/** A middleware that has requests observed, in the context of each. */
export function observing(observers: readonly RequestObserver[]): Middleware {
  keepContext();
  return (req, res, next) => inContext(observe(SYSTEM, req, res, observers), next);
}

/**
 * Opens the context of a request where nobody has done so.
 *
 * @param beside what another library keeps with it: see `runBeside` of core. @default what it keeps already
 */
export function inContext(request: ObservedRequest, run: () => void, beside?: unknown): void {
  if (request.context === undefined) {
    request.context = request;
    runInContext(request, run, beside);
  } else if (beside === undefined) run();
  else runBeside(beside, run);
}
