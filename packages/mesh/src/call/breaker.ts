import type { BreakerState } from '../directory/health.ts';
import type { EjectionTunables } from './ejection-options.ts';
import type { Outcome } from './outcome.ts';

/** An ejection is made longer or shorter by up to this part, so that two instances do not come back together. */
const JITTER = 0.2;
/** So long without an ejection makes the next one shorter by one step. */
const FORGIVEN_MS = 10_000;
/** While nobody does better it is tried this often: it may be the first that is well again. */
const HOPELESS_MS = 500;

/** What came of an attempt, with what decides about it. */
export interface Seen {
  readonly outcome: Outcome;
  readonly isProbe: boolean;
  /** Of the last ten seconds, this one included. */
  readonly attempts: number;
  readonly failures: number;
  /** Whether the service can do without one more. */
  readonly mayEject: () => boolean;
  /** Whether there is somebody in the balance who does better. */
  readonly isAnotherBetter: () => boolean;
  /** In [0, 1). */
  readonly chance: number;
}

/** An ejected instance whose time is up: it may be tried, by one call. */
export function isProbeDue(state: BreakerState, nowMs: number): boolean {
  return state.kind === 'ejected' && nowMs >= state.untilMs;
}

/** Nobody in the balance does well, so whoever is out is missed: its time is up soon. */
export function missed(state: BreakerState, nowMs: number): BreakerState {
  if (state.kind !== 'ejected' || state.untilMs <= nowMs + HOPELESS_MS) return state;
  return { ...state, untilMs: nowMs + HOPELESS_MS };
}

export function beginProbe(state: BreakerState): BreakerState {
  return { kind: 'probing', ejections: state.ejections };
}

/** The state after an attempt; the same object where nothing changes. */
export function judge(state: BreakerState, nowMs: number, seen: Seen, tunables: EjectionTunables): BreakerState {
  if (state.kind === 'closed') return judgeClosed(state, nowMs, seen, tunables);
  // What began before the ejection, or came through because all are used, says nothing of now.
  return state.kind === 'probing' && seen.isProbe ? judgeProbe(state, nowMs, seen, tunables) : state;
}

type Closed = BreakerState & { kind: 'closed' };

function judgeClosed(state: Closed, nowMs: number, seen: Seen, tunables: EjectionTunables): BreakerState {
  const { outcome } = seen;
  if (outcome === 'unknown' || outcome === 'shed') return state;
  const failuresInARow = outcome === 'down' ? state.failuresInARow + 1 : 0;
  const isBad = outcome !== 'good' && isFailing({ ...seen, failuresInARow }, tunables);
  if (!isBad || !seen.mayEject()) return failuresInARow === state.failuresInARow ? state : { ...state, failuresInARow };
  const forgiven = Math.floor((nowMs - state.sinceMs) / FORGIVEN_MS);
  return eject(Math.max(0, state.ejections - forgiven) + 1, nowMs, seen, tunables);
}

/** Overload is no reason to stay away any longer: the instance is there, and says by itself when it has enough. */
function judgeProbe(state: BreakerState, nowMs: number, seen: Seen, tunables: EjectionTunables): BreakerState {
  const { outcome } = seen;
  if (outcome === 'good' || outcome === 'shed') {
    return { kind: 'closed', failuresInARow: 0, ejections: state.ejections, sinceMs: nowMs };
  }
  if (outcome === 'unknown') return { kind: 'ejected', untilMs: nowMs, ejections: state.ejections };
  if (!seen.isAnotherBetter()) return { kind: 'ejected', untilMs: nowMs + HOPELESS_MS, ejections: state.ejections };
  return eject(state.ejections + 1, nowMs, seen, tunables);
}

/** Whether it fails so much that it is better left alone, as far as another one can take its part. */
export function isFailing(
  { failuresInARow, attempts, failures }: { failuresInARow: number; attempts: number; failures: number },
  { consecutiveFailures, minAttempts, failurePercent }: EjectionTunables,
): boolean {
  return failuresInARow >= consecutiveFailures || (attempts >= minAttempts && failures * 100 >= attempts * failurePercent);
}

function eject(ejections: number, nowMs: number, { chance }: Seen, { baseMs, maxMs }: EjectionTunables): BreakerState {
  const forMs = Math.min(maxMs, baseMs * ejections) * (1 - JITTER + 2 * JITTER * chance);
  return { kind: 'ejected', untilMs: nowMs + forMs, ejections };
}

/** Whether one more of `instances` may be out beside those that are. */
export function leavesEnough(
  instances: Iterable<{ readonly health: { readonly breaker: BreakerState } }>,
  { maxEjectedPercent }: EjectionTunables,
): boolean {
  let [all, out] = [0, 0];
  for (const { health } of instances) {
    all += 1;
    if (health.breaker.kind !== 'closed') out += 1;
  }
  return (out + 1) * 100 <= all * maxEjectedPercent;
}
