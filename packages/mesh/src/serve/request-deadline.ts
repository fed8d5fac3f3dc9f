import type { Clock, Lifetime } from '@express-micro/core';

/** When the time of a request is up: a `Date`, which also tells what is left of it by a clock that nobody can set. */
export interface RequestDeadline extends Date {
  /** Milliseconds, 0 when none are left. */
  readonly remainingMs: number;
}

/** `undefined` where the caller gave no time. */
export function deadlineOf(lifetime: Lifetime | undefined, clock: Clock): RequestDeadline | undefined {
  if (lifetime?.endsAtMs === undefined) return undefined;
  const date = new Date(clock.epochMs() + lifetime.endsAtMs - clock.monotonicMs());
  Object.defineProperty(date, 'remainingMs', { get: () => lifetime.remainingMs() });
  return date as RequestDeadline;
}

/** For requests that did not come through us: after `close()`, or in an app that is called from a function. */
const NEVER: AbortSignal = new AbortController().signal;

export function signalOf(lifetime: Lifetime | undefined): AbortSignal {
  return lifetime?.signal ?? NEVER;
}
