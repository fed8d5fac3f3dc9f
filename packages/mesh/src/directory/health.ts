import { SlidingCounts } from '@express-micro/core';

/** How far back an instance's and a service's recent past reaches. */
const WINDOW_MS = 10_000;

/** What the recent past of an instance counts: attempts, those that failed, those it refused for overload. */
export const ATTEMPTS = 0;
export const FAILURES = 1;
export const SHEDS = 2;

/** What that of a service counts: calls, and what was added to them. */
export const CALLS = 0;
export const RETRIES = 1;
export const HEDGES = 2;

/**
 * Whether an instance is in the balance. `ejections` is how often in a row it was taken out: each time is longer.
 * Decided in `call/breaker.ts`.
 */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failuresInARow: number; readonly ejections: number; readonly sinceMs: number }
  | { readonly kind: 'ejected'; readonly untilMs: number; readonly ejections: number }
  | { readonly kind: 'probing'; readonly ejections: number };

/** Somebody who waits for a place at an instance. */
export interface Waiter {
  readonly sinceMs: number;
  enter(): void;
  /** Somebody newer takes his place in the line. */
  refuse(): void;
}

/** How many calls may be under way to one instance, and how many may wait. */
export interface LineTunables {
  readonly maxInFlight: number;
  readonly maxQueued: number;
}

/** The line of those who wait for a place at an instance. Decided in `call/waiting-line.ts`. */
export interface WaitingLine {
  readonly tunables: LineTunables;
  /** So many calls may be under way at once. */
  places: number;
  /** Since when somebody waits without a break; and since when nobody does. */
  waitingSinceMs: number | undefined;
  emptySinceMs: number;
  /** How often a newcomer took the place of one who waited. */
  displaced: number;
  trial: LineTrial | undefined;
  /** What is tried next, and when. */
  next: 'fewer' | 'more';
  nextAtMs: number;
  pauseMs: number;
}

/** Whether another number of places does better. */
export interface LineTrial {
  readonly kind: 'fewer' | 'more';
  readonly beganAtMs: number;
  readonly placesBefore: number;
  /** Milliseconds to an answer of those that were under way when it began, where the last ones count most; of those since. */
  beforeMs: number;
  samplesBefore: number;
  firstAtMs: number;
  sumMs: number;
  samples: number;
}

/** What this process has seen of an instance by calling it. One object an instance, for as long as that is known. */
export interface InstanceHealth {
  /** Calls under way from here, those that wait for a place included. */
  inFlight: number;
  /** Usual time of an answer, where slow ones count at once and are forgotten slowly: see `call/latency.ts`. */
  latencyMs: number;
  latencyAtMs: number;
  /** Monotonic time since which it can be called: for the first time, or again. */
  returnedAtMs: number;
  readonly recent: SlidingCounts;
  /** Monotonic time of the first of the failures that it is having now. */
  failingSinceMs: number | undefined;
  /** Monotonic time of its last good answer. */
  goodAtMs: number;
  breaker: BreakerState;
  /** Calls that have a place, and those that wait for one, the first at the front. */
  running: number;
  readonly waiting: Waiter[];
  /** Decides about them; only while somebody waits, and a while after. */
  line: WaitingLine | undefined;
}

export function createInstanceHealth(nowMs: number): InstanceHealth {
  return {
    inFlight: 0,
    latencyMs: 0,
    latencyAtMs: nowMs,
    returnedAtMs: nowMs,
    recent: new SlidingCounts(WINDOW_MS, 3),
    failingSinceMs: undefined,
    goodAtMs: Number.NEGATIVE_INFINITY,
    breaker: { kind: 'closed', failuresInARow: 0, ejections: 0, sinceMs: nowMs },
    running: 0,
    waiting: [],
    line: undefined,
  };
}

/** The recent past of a service: calls, retries, hedges. */
export function createServiceRecent(): SlidingCounts {
  return new SlidingCounts(WINDOW_MS, 3);
}
