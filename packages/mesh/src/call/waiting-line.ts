import type { InstanceHealth, LineTrial, LineTunables, WaitingLine } from '../directory/health.ts';

/**
 * Calls that wait for a place at one instance: who gets the next place, and how many places there are.
 *
 * While a line comes and goes it is a burst: first come, first served, and as many places as the bulkhead has. A line that
 * stands for some time is an overload, and then more waiting helps nobody:
 *
 * - The newest gets the place ("adaptive LIFO", Facebook, "Fail at Scale", 2015), so that whoever is answered was answered
 *   soon. Each newcomer displaces at most one who waited in vain: a line that nobody joins is a burst that ends, and refuses
 *   no one.
 * - It is tried whether half the places do. Where calls queue in the instance, half of them take half as long and as many
 *   are answered; where they do not, as few are answered as there are places, and it is as before. So a queue that the
 *   instance cannot see (in its socket, in front of a busy event loop) becomes short, and nothing is known of the instance
 *   beforehand. BBR (Cardwell et al., 2016) finds out what a path holds in the same way: by trying.
 *
 * Pure: told of times.
 */

/**
 * A line that lasts is no burst any more. Longer: the first calls of an overload wait; shorter: bursts are served in
 * reverse.
 */
const STANDING_MS = 50;
/**
 * Whoever waited so long in a line that stands makes room for a newcomer. Longer: refusals come late; shorter: of a burst
 * beside other calls.
 */
const LONGEST_WAIT_MS = 500;
/**
 * Nobody is sent who waited for longer, once as many as may wait were displaced: newer ones come all the time. Longer: late
 * answers when the load ends; shorter: places stay empty where answers come in bunches.
 */
const OVERLOAD_WAIT_MS = 100;
/**
 * The overload is over when nobody waited for so long. Longer: the next burst finds fewer places; shorter: all is found out
 * again.
 */
const CALM_MS = 1_000;
/** Fewer are never tried. More: a longer queue in the instance; fewer: one of several workers is idle between two answers. */
const LEAST_PLACES = 20;
/**
 * Half the places should halve the time: with this much of it, it was a queue. More: workers may be left idle; less: chance
 * keeps a queue.
 */
const HELPS = 0.7;
/**
 * Half as many places again should leave the time as it is: with this much of it, there was room. More: a queue comes back;
 * less: by chance room is left unused.
 */
const HARMLESS = 1.2;
/** Over so many answers the last ones of before are smoothed. */
const SMOOTHING = 50;
/**
 * A trial without a result ends after so long, or after so many times what an answer took. Longer: half the places for
 * nothing; shorter: slow instances are never found out.
 */
const PATIENCE_MS = 1_000;
const PATIENCE_ANSWERS = 3;
/**
 * Until the next trial, twice as long after each in vain; and so many times what the last one took. Longer: a queue stays;
 * shorter: trials cost answers.
 */
const PAUSE_MS = 1_000;
const PAUSE_TRIALS = 2;
const MAX_PAUSE_MS = 160_000;
/** Until it is tried whether more do after all, where fewer have helped. */
const SETTLED_MS = 10_000;

export function createWaitingLine(tunables: LineTunables): WaitingLine {
  return {
    tunables,
    places: tunables.maxInFlight,
    waitingSinceMs: undefined,
    emptySinceMs: Number.NEGATIVE_INFINITY,
    displaced: 0,
    trial: undefined,
    next: 'fewer',
    nextAtMs: Number.NEGATIVE_INFINITY,
    pauseMs: PAUSE_MS,
  };
}

/** Somebody is about to wait. Answers what becomes of him: he waits, instead of who waited longest, or not at all. */
export function join(
  line: WaitingLine,
  nowMs: number,
  waiting: number,
  oldestSinceMs: number,
): 'waits' | 'displaces' | 'refused' {
  line.waitingSinceMs ??= nowMs;
  const isFull = waiting >= line.tunables.maxQueued;
  if (!isStanding(line, nowMs)) return isFull ? 'refused' : 'waits';
  tryOther(line, nowMs);
  if (!isFull && (waiting === 0 || nowMs - oldestSinceMs < LONGEST_WAIT_MS)) return 'waits';
  line.displaced += 1;
  return 'displaces';
}

/**
 * Whether a place is worth giving to one who waits since then: in an overload an answer that comes late is better refused.
 */
export function isWorthwhile({ displaced, tunables }: WaitingLine, nowMs: number, sinceMs: number): boolean {
  return displaced < tunables.maxQueued || nowMs - sinceMs < OVERLOAD_WAIT_MS;
}

/** Nobody waits any more. */
export function emptied(line: WaitingLine, nowMs: number): void {
  if (line.waitingSinceMs === undefined) return;
  line.waitingSinceMs = undefined;
  line.emptySinceMs = nowMs;
}

/** Whether the last one in line is the first to get a place. */
export function isStanding({ waitingSinceMs }: WaitingLine, nowMs: number): boolean {
  return waitingSinceMs !== undefined && nowMs - waitingSinceMs >= STANDING_MS;
}

/** Whether one more may wait there, and nobody has to go for it. */
export function hasRoom({ line, waiting }: InstanceHealth, nowMs: number): boolean {
  return line === undefined || (!isStanding(line, nowMs) && waiting.length < line.tunables.maxQueued);
}

/** Nobody has waited for a while: what was found out is forgotten. */
export function isCalm({ waitingSinceMs, emptySinceMs }: WaitingLine, nowMs: number): boolean {
  return waitingSinceMs === undefined && nowMs - emptySinceMs >= CALM_MS;
}

/** A call that got its place at `enteredAtMs` was answered. */
export function answered(line: WaitingLine, enteredAtMs: number, nowMs: number): void {
  const { trial } = line;
  if (trial === undefined) return;
  const tookMs = nowMs - enteredAtMs;
  if (enteredAtMs < trial.beganAtMs) {
    trial.samplesBefore += 1;
    trial.beforeMs += (tookMs - trial.beforeMs) / Math.min(trial.samplesBefore, SMOOTHING);
    return;
  }
  if (trial.samples === 0) trial.firstAtMs = nowMs;
  trial.sumMs += tookMs;
  trial.samples += 1;
  if (trial.samples < line.places || trial.samplesBefore === 0) return;
  // By Little's law, too: who is not answered at all, on a connection that is not accepted yet, is in no mean.
  const byRateMs = (line.places * (nowMs - trial.firstAtMs)) / trial.samples;
  const ratio = Math.max(trial.sumMs / trial.samples, byRateMs) / trial.beforeMs;
  end(line, nowMs, ratio <= (trial.kind === 'fewer' ? HELPS : HARMLESS));
}

function tryOther(line: WaitingLine, nowMs: number): void {
  const { trial, places } = line;
  if (trial !== undefined) {
    const patienceMs = Math.max(PATIENCE_MS, PATIENCE_ANSWERS * trial.beforeMs);
    if (nowMs - trial.beganAtMs >= patienceMs) end(line, nowMs, false);
    return;
  }
  if (nowMs < line.nextAtMs) return;
  const kind = line.next;
  const wanted = placesOf(line, kind);
  if (wanted === places) return;
  line.places = wanted;
  line.trial = {
    kind,
    beganAtMs: nowMs,
    placesBefore: places,
    beforeMs: 0,
    samplesBefore: 0,
    firstAtMs: 0,
    sumMs: 0,
    samples: 0,
  };
}

/** How many places one step further are; as many as now where there is no further step. */
function placesOf({ places, tunables: { maxInFlight } }: WaitingLine, kind: 'fewer' | 'more'): number {
  if (kind === 'more') return Math.min(maxInFlight, Math.ceil(places * 1.5));
  const half = Math.floor(places / 2);
  return half >= LEAST_PLACES ? half : places;
}

/** What has helped is done again, at once; after what has not, and at the end of a way, the other way is tried, later. */
function end(line: WaitingLine, nowMs: number, hasHelped: boolean): void {
  const { kind, placesBefore, beganAtMs } = line.trial as LineTrial;
  line.trial = undefined;
  if (!hasHelped) line.places = placesBefore;
  const isEnd = placesOf(line, kind) === line.places;
  if (hasHelped && !isEnd) {
    line.nextAtMs = nowMs;
    return;
  }
  // A processor that others need as well makes trials fail by chance: fewer are tried a few times before it counts.
  const isDoubtful = kind === 'fewer' && !hasHelped && line.pauseMs < SETTLED_MS;
  const other = kind === 'fewer' ? 'more' : 'fewer';
  line.next = isDoubtful || placesOf(line, other) === line.places ? kind : other;
  const leastMs = isDoubtful ? PAUSE_TRIALS * (nowMs - beganAtMs) : SETTLED_MS;
  const pauseMs = Math.max(leastMs, line.pauseMs);
  line.nextAtMs = nowMs + pauseMs;
  line.pauseMs = hasHelped ? PAUSE_MS : Math.min(MAX_PAUSE_MS, pauseMs * 2);
}
