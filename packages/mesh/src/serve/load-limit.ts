/**
 * How many requests may be under way at once, found out from how long they take: a gradient limit in the manner of Netflix's
 * concurrency-limits (Gradient2: recent latency against long-term latency), with three differences, each for a case in which
 * that one refuses work though nothing is wrong, or forgets what is normal:
 *
 * - Latency is compared by route and as a ratio, on a logarithmic scale: another mix of fast and slow routes changes nothing,
 *   and one slow request among many weighs little.
 * - What is normal is learned only while nothing is refused. In a long overload Gradient2 comes to take the queue for normal.
 * - Where holding back does not help, because a database has become slower for good, the new latency is accepted. A probe
 *   finds that out, as BBR (Cardwell et al., 2016) finds the true length of a path.
 *
 * Pure: no clock, no timer, no request.
 */
export interface LoadLimitTunables {
  readonly minInFlight: number;
  readonly maxInFlight: number;
  /** How many times longer than normal requests may take before fewer are let in. */
  readonly tolerance: number;
}

export interface RouteLatency {
  /** Of ln(milliseconds): smoothed over the last samples, and what is normal. */
  recent: number;
  normal: number;
  samples: number;
  sinceMs: number;
  lastAtMs: number;
  /** Of the limit, when `normal` was learned. */
  era: number;
}

export interface LoadLimit {
  readonly tunables: LoadLimitTunables;
  limit: number;
  /** Most requests that were under way at once in this window. */
  peak: number;
  /** Sum of ln(latency / normal) in this window, and of how many. */
  excess: number;
  samples: number;
  windowBeganAtMs: number;
  /** Windows in a row that were too slow. */
  slowWindows: number;
  /** Requests that began before count for nothing: they met another limit. */
  countsFromMs: number;
  refusedAtMs: number;
  /** What takes longer now is the queue's doing, and not to be learned. */
  isQueueing: boolean;
  /** Since when the limit is as low as it gets, in vain. */
  atFloorSinceMs: number;
  /** Of recent windows. */
  usualRatio: number;
  probeAtMs: number;
  probing: { readonly limitBefore: number; readonly ratioBefore: number; windows: number } | undefined;
  /** Raised when what was normal is normal no more. */
  era: number;
}

/** Faster is not told apart: between 1 and 3 ms there is no overload, only noise. */
const MIN_LATENCY_MS = 10;
/** Samples over which a route's latency is smoothed, and before which nothing is normal for it. */
const SMOOTHING = 50;
const BEGINNING_MS = 5_000;
/** What is normal follows what is, the faster downwards because a queue only ever adds. */
const NORMAL_RISES_OVER_MS = 30_000;
const NORMAL_FALLS_OVER_MS = 10_000;
/** While requests are refused, this much above normal is a queue, and nothing to get used to. */
const QUEUEING = 1.2;
const WINDOW_MS = 100;
const WINDOW_SAMPLES = 50;
/** A window of few samples ends after so long, if it has this many. */
const SPARSE_WINDOW_MS = 1_000;
const SPARSE_SAMPLES = 10;
/** While nothing is limited, so many windows in a row have to be slow: chance does it once. */
const PATIENCE = 3;
/** A refusal counts for so long. */
const LIMITING_MS = 1_000;
/** Where there is no half to probe with: this long at the least limit, and still so far above what is tolerated. */
const SURRENDER_MS = 3_000;
const IN_VAIN = 1.25;
const FIRST_PROBE_MS = 2_000;
const PROBE_EVERY_MS = 10_000;
/** Windows that a probe lasts; the last one is looked at. */
const PROBE_WINDOWS = 3;
/** A queue is at work when a probe brings requests down to this much of what they took. */
const PROBE_HELPS = 0.8;
/** Below so many times the least, half is no less: there normal may rise in spite of a queue, which cannot become long. */
const MIN_TO_PROBE = 1.5;

export function createLoadLimit(tunables: LoadLimitTunables): LoadLimit {
  return {
    tunables,
    limit: tunables.maxInFlight,
    peak: 0,
    excess: 0,
    samples: 0,
    windowBeganAtMs: 0,
    slowWindows: 0,
    countsFromMs: 0,
    refusedAtMs: Number.NEGATIVE_INFINITY,
    isQueueing: false,
    atFloorSinceMs: 0,
    usualRatio: 1,
    probeAtMs: 0,
    probing: undefined,
    era: 0,
  };
}

export function createRouteLatency(): RouteLatency {
  return { recent: 0, normal: 0, samples: 0, sinceMs: 0, lastAtMs: 0, era: 0 };
}

/** Whether one more may begin while `inFlight` are under way. */
export function admits(state: LoadLimit, nowMs: number, inFlight: number): boolean {
  if (inFlight >= state.peak) state.peak = inFlight + 1;
  if (inFlight < state.limit) return true;
  state.refusedAtMs = nowMs;
  return false;
}

/** A request of `route` was answered. */
export function learn(state: LoadLimit, route: RouteLatency, beganAtMs: number, nowMs: number): void {
  const latency = Math.log(Math.max(MIN_LATENCY_MS, nowMs - beganAtMs));
  if (route.era !== state.era) {
    route.era = state.era;
    route.normal = route.recent;
  }
  if (route.samples === 0) route.sinceMs = nowMs;
  route.samples += 1;
  route.recent += (latency - route.recent) / Math.min(route.samples, SMOOTHING);
  const sinceMs = nowMs - route.lastAtMs;
  route.lastAtMs = nowMs;
  if (route.samples < SMOOTHING) {
    route.normal = route.recent;
    return;
  }
  const gap = route.recent - route.normal;
  const overMs = gap < 0 ? NORMAL_FALLS_OVER_MS : state.isQueueing ? Number.POSITIVE_INFINITY : NORMAL_RISES_OVER_MS;
  // At first it is the mean of all: those that are answered first are the quick ones, and not what is normal.
  const atLeast = nowMs - route.sinceMs < BEGINNING_MS || !state.isQueueing ? 1 / route.samples : 0;
  route.normal += gap * Math.min(1, Math.max(atLeast, sinceMs / overMs));
  if (nowMs - route.sinceMs < BEGINNING_MS || beganAtMs < state.countsFromMs) return;
  state.excess += latency - route.normal;
  state.samples += 1;
  const windowMs = nowMs - state.windowBeganAtMs;
  const isFull = state.samples >= WINDOW_SAMPLES && windowMs >= WINDOW_MS;
  if (isFull || (state.samples >= SPARSE_SAMPLES && windowMs >= SPARSE_WINDOW_MS)) endWindow(state, nowMs);
}

function endWindow(state: LoadLimit, nowMs: number): void {
  const { minInFlight, maxInFlight, tolerance } = state.tunables;
  const ratio = Math.exp(state.excess / state.samples);
  const peak = Math.min(state.peak, state.limit);
  state.excess = 0;
  state.samples = 0;
  state.peak = 0;
  state.windowBeganAtMs = nowMs;

  if (probe(state, nowMs, ratio)) return;
  state.usualRatio += (ratio - state.usualRatio) / 10;
  if (ratio <= tolerance) {
    state.slowWindows = 0;
    state.limit = Math.min(maxInFlight, state.limit + Math.sqrt(state.limit));
  } else if (peak <= minInFlight) {
    // So few do not make each other slow.
    state.slowWindows = 0;
  } else if (state.limit < maxInFlight || ++state.slowWindows >= PATIENCE) {
    // By Little's law this many took as long as is tolerated. Later steps are smaller: they are taken on less evidence.
    const atLeast = state.slowWindows >= PATIENCE ? 0 : 0.5;
    state.slowWindows = 0;
    state.limit = Math.max(minInFlight, peak * Math.max(atLeast, tolerance / ratio));
    state.countsFromMs = nowMs;
  }
  const isRefusing = nowMs - state.refusedAtMs < LIMITING_MS && state.limit >= MIN_TO_PROBE * minInFlight;
  state.isQueueing = state.slowWindows > 0 || (isRefusing && ratio > QUEUEING);
  if (state.usualRatio <= IN_VAIN * tolerance || state.limit > MIN_TO_PROBE * minInFlight) state.atFloorSinceMs = nowMs;
  else if (nowMs - state.atFloorSinceMs >= SURRENDER_MS) accept(state, nowMs);
}

/** Fewer requests do not make them faster: it is not their number, and what is has become normal. */
function accept(state: LoadLimit, nowMs: number): void {
  state.era += 1;
  state.limit = state.tunables.maxInFlight;
  state.usualRatio = 1;
  state.slowWindows = 0;
  state.isQueueing = false;
  state.atFloorSinceMs = nowMs;
}

/**
 * Now and then, while requests are refused, half as many are let in for a moment. If they take as long as before, nothing
 * queues behind us.
 */
function probe(state: LoadLimit, nowMs: number, ratio: number): boolean {
  const { probing } = state;
  if (probing !== undefined) {
    probing.windows += 1;
    if (probing.windows < PROBE_WINDOWS) return true;
    state.limit = probing.limitBefore;
    if (ratio > PROBE_HELPS * probing.ratioBefore) accept(state, nowMs);
    state.probing = undefined;
    state.probeAtMs = nowMs + PROBE_EVERY_MS;
    state.countsFromMs = nowMs;
    return true;
  }
  const isLimiting = nowMs - state.refusedAtMs < LIMITING_MS;
  if (!isLimiting || state.limit < MIN_TO_PROBE * state.tunables.minInFlight) state.probeAtMs = nowMs + FIRST_PROBE_MS;
  if (nowMs < state.probeAtMs) return false;
  state.probing = { limitBefore: state.limit, ratioBefore: state.usualRatio, windows: 0 };
  state.limit = Math.max(state.tunables.minInFlight, state.limit / 2);
  state.countsFromMs = nowMs;
  return true;
}
