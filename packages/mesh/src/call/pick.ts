import type { Random } from '@express-micro/core';
import { type Instance, isCallable } from '../directory/directory.ts';
import { ATTEMPTS, FAILURES, type InstanceHealth, SHEDS } from '../directory/health.ts';
import type { BalanceTunables } from './balance-options.ts';
import { isFailing, isProbeDue, missed } from './breaker.ts';
import type { CallRequest } from './call.ts';
import type { EjectionTunables } from './ejection-options.ts';
import { latencyNow } from './latency.ts';

/** Answers faster than this are all as fast as each other: what is left is noise. */
const LEAST_LATENCY_MS = 10;
/** An instance with fewer attempts lately is judged as if it had had so many: one failure is no failing instance. */
const LEAST_ATTEMPTS = 4;
/** So long a failing instance keeps its part, so that ejection has enough to judge it by. */
const WATCHED_MS = 3_000;
/** Costs that differ by less are equal: not all calls run to whoever was faster by a hair. */
const TOLERANCE = 1.25;
/** A new instance begins with a tenth of its share. */
const LEAST_SHARE = 0.1;

export interface PickTunables {
  /** `false`: whoever comes first by chance. */
  readonly balance: BalanceTunables | false;
  /** `false`: nobody is out. */
  readonly ejection: EjectionTunables | false;
}

/**
 * The cheaper of two chosen at random (Mitzenmacher, "The Power of Two Choices", 2001). Those that have failed this call,
 * are ejected, or are doubted by discovery are taken only where there is nobody else; an ejected one whose time is up gets
 * this call as its probe.
 */
export function pick(request: CallRequest, nowMs: number, random: Random, tunables: PickTunables): Instance {
  const { candidates, options, failed } = request;
  if (options.instance !== undefined) return candidates[0] as Instance;
  if (failed === undefined) {
    const chosen = cheaperOfTwo(candidates, nowMs, random, tunables, isSound);
    if (chosen !== undefined) return chosen;
  }
  return pickCarefully(request, nowMs, random, tunables);
}

/** Somebody of those two is no ordinary choice: the whole list is looked at. */
function pickCarefully({ candidates, failed }: CallRequest, nowMs: number, random: Random, tunables: PickTunables): Instance {
  const { ejection } = tunables;
  const last = failed?.at(-1);
  const present = preferring(candidates, isCallable);
  const others = preferring(present, (one) => one !== last);
  const untried = preferring(others, (one) => !failed?.includes(one));
  const known = preferring(untried, (one) => !one.isDoubtful);
  if (ejection !== false && !present.some((one) => isWell(one.health, nowMs, ejection))) {
    for (const { health } of known) health.breaker = missed(health.breaker, nowMs);
  }
  const due = known.find((one) => isProbeDue(one.health.breaker, nowMs));
  if (due !== undefined) return due;
  const closed = known.filter((one) => one.health.breaker.kind === 'closed');
  const leastPercent = ejection === false ? 0 : 100 - ejection.maxEjectedPercent;
  const isPanic = closed.length * 100 < known.length * leastPercent;
  return cheaperOfTwo(isPanic ? known : closed, nowMs, random, tunables, anybody) as Instance;
}

/** In the balance, and it would stay there if it could be taken out. */
function isWell({ breaker, recent }: InstanceHealth, nowMs: number, tunables: EjectionTunables): boolean {
  if (breaker.kind !== 'closed') return false;
  const [attempts, failures] = [recent.count(ATTEMPTS, nowMs), recent.count(FAILURES, nowMs)];
  return !isFailing({ failuresInARow: breaker.failuresInARow, attempts, failures }, tunables);
}

/** Those that are so, or all where none is. */
function preferring(instances: readonly Instance[], isSo: (one: Instance) => boolean): readonly Instance[] {
  const those = instances.filter(isSo);
  return those.length > 0 ? those : instances;
}

const anybody = () => true;

function isSound(instance: Instance): boolean {
  return !instance.isDoubtful && instance.isUp && instance.health.breaker.kind === 'closed';
}

/** `undefined` when one of the two is not `fit`. */
function cheaperOfTwo(
  among: readonly Instance[],
  nowMs: number,
  random: Random,
  { balance }: PickTunables,
  fit: (one: Instance) => boolean,
): Instance | undefined {
  // Chance is dear beside the rest of a call, and one alone needs none.
  const first = among.length === 1 ? 0 : Math.floor(random.next() * among.length);
  const one = among[first] as Instance;
  if (!fit(one)) return undefined;
  if (balance === false || among.length === 1) return one;
  // The second choice is never the first: an offset of 1 to length − 1.
  const second = (first + 1 + Math.floor(random.next() * (among.length - 1))) % among.length;
  const other = among[second] as Instance;
  if (!fit(other)) return undefined;
  return isCheaper(other.health, one.health, nowMs, balance) ? other : one;
}

/** A failing instance that is still watched is never the cheaper one, however fast it fails. */
function isCheaper(other: InstanceHealth, one: InstanceHealth, nowMs: number, tunables: BalanceTunables): boolean {
  const otherCost = costOf(other, nowMs, tunables);
  return otherCost * TOLERANCE < costOf(one, nowMs, tunables) && !isWatched(other, nowMs);
}

function isWatched({ failingSinceMs }: InstanceHealth, nowMs: number): boolean {
  return failingSinceMs !== undefined && nowMs - failingSinceMs < WATCHED_MS;
}

/** What one more call costs there: how slow it is, times how many wait already. Failures count as slowness. */
export function costOf(health: InstanceHealth, nowMs: number, tunables: BalanceTunables): number {
  const latencyMs = latencyNow(health.latencyMs, health.latencyAtMs, nowMs, tunables.decayMs);
  const penaltyMs = penaltyOf(health, nowMs, tunables.failurePenaltyMs);
  const cost = (Math.max(LEAST_LATENCY_MS, latencyMs) + penaltyMs) * (health.inFlight + 1);
  const share = (nowMs - health.returnedAtMs) / tunables.slowStartMs;
  return share >= 1 ? cost : cost / Math.max(LEAST_SHARE, share);
}

/**
 * By the share of failures lately and not by the last one: whoever fails now and then stays in use, and who fails fast and
 * always does not attract calls. A refusal for overload counts half.
 */
function penaltyOf(health: InstanceHealth, nowMs: number, failurePenaltyMs: number): number {
  const { recent } = health;
  if (health.failingSinceMs === undefined || isWatched(health, nowMs)) return 0;
  const sheds = recent.count(SHEDS, nowMs);
  const bad = recent.count(FAILURES, nowMs) + sheds / 2;
  const share = bad / Math.max(LEAST_ATTEMPTS, recent.count(ATTEMPTS, nowMs) + sheds);
  return failurePenaltyMs * share ** 3;
}
