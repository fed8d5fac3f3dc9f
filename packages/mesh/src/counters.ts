/**
 * What has happened in this process since it began, as numbers that only grow; metrics are made of them. One object a
 * mesh, counted up in place: a call cannot afford more.
 */
export interface Counters {
  /** Calls made by this process, each counted once however often it was tried. */
  calls: number;
  /** Attempts sent to an instance: over HTTP, over a link, within this process. */
  attemptsOverHttp: number;
  attemptsOverLink: number;
  attemptsInProcess: number;
  /** Attempts after the first of a call. */
  retries: number;
  /** Calls that failed because the retry budget was spent, though another attempt was allowed. */
  retriesRefused: number;
  hedges: number;
  /** Calls whose hedge answered first. */
  hedgesWon: number;
  /** Calls that gave the value of their fallback. */
  fallbacks: number;
  /** Calls that ended by their deadline, and by the signal of their caller. */
  deadlinesExceeded: number;
  cancellations: number;
  /** Times that an instance was taken out of the balance, and taken back. */
  ejections: number;
  readmissions: number;
  /** Calls that waited for a place, and that found none, because too many were under way to the instance. */
  queued: number;
  bulkheadRefused: number;
  /** Requests of others that were served, that were refused for overload, and whose time was up when they came. */
  served: number;
  shed: number;
  expired: number;
  /** Requests whose caller may not have them, by the option `allow`. */
  forbidden: number;
  /** Requests answered from what was kept under an `Idempotency-Key`, and refused for one (409, 422). */
  replayed: number;
  replayRefused: number;
  /** Links that are open now, from here and to here. */
  linksOut: number;
  linksIn: number;
}

export function createCounters(): Counters {
  return {
    calls: 0,
    attemptsOverHttp: 0,
    attemptsOverLink: 0,
    attemptsInProcess: 0,
    retries: 0,
    retriesRefused: 0,
    hedges: 0,
    hedgesWon: 0,
    fallbacks: 0,
    deadlinesExceeded: 0,
    cancellations: 0,
    ejections: 0,
    readmissions: 0,
    queued: 0,
    bulkheadRefused: 0,
    served: 0,
    shed: 0,
    expired: 0,
    forbidden: 0,
    replayed: 0,
    replayRefused: 0,
    linksOut: 0,
    linksIn: 0,
  };
}
