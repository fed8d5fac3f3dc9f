// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { Clock, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import { type Instance, isCallable } from '../directory/directory.ts';
import { ATTEMPTS, FAILURES } from '../directory/health.ts';
import { judge, leavesEnough } from './breaker.ts';
import type { CallRequest, Interceptor } from './call.ts';
import type { EjectionTunables } from './ejection-options.ts';

export interface EjectionSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly onEjected: (instance: Instance, reason: 'consecutive-failures' | 'failure-rate', forMs: number) => void;
  readonly onReadmitted: (instance: Instance) => void;
}

/**
 * Takes an instance that fails out of the balance for a while: the circuit breaker of each instance. Stands around balance,
 * and judges what came back from whom that picked.
 */
export function ejection(tunables: EjectionTunables, surroundings: EjectionSurroundings): Interceptor {
  const { clock, random, counters, onEjected, onReadmitted } = surroundings;

  function look(request: CallRequest): void {
    const { instance, outcome } = request;
    if (instance === undefined) return;
    const { health } = instance;
    const before = health.breaker;
    // Nearly always: it is well, and was.
    if (outcome === 'good' && before.kind === 'closed' && before.failuresInARow === 0) return;
    const nowMs = clock.monotonicMs();
    const callable = () => [...request.service.instances.values()].filter(isCallable);
    const after = judge(
      before,
      nowMs,
      {
        outcome,
        isProbe: request.isProbe,
        attempts: health.recent.count(ATTEMPTS, nowMs),
        failures: health.recent.count(FAILURES, nowMs),
        mayEject: () => leavesEnough(callable(), tunables) && isAnotherBetter(instance, callable(), nowMs),
        isAnotherBetter: () => isAnotherBetter(instance, callable(), nowMs),
        chance: random.next(),
      },
      tunables,
    );
    health.breaker = after;
    if (after.kind === 'ejected' && (before.kind === 'closed' || after.ejections > before.ejections)) {
      const inARow = before.kind === 'closed' ? before.failuresInARow + 1 : tunables.consecutiveFailures;
      const isRow = outcome === 'down' && inARow >= tunables.consecutiveFailures;
      counters.ejections += 1;
      onEjected(instance, isRow ? 'consecutive-failures' : 'failure-rate', Math.round(after.untilMs - nowMs));
    } else if (after.kind === 'closed' && before.kind !== 'closed') {
      // It begins anew: what it did before the ejection is paid for.
      health.recent.clear();
      health.failingSinceMs = undefined;
      health.returnedAtMs = nowMs;
      counters.readmissions += 1;
      onReadmitted(instance);
    }
  }

  return (next) => (request, done) =>
    next(request, (answer, failure) => {
      look(request);
      done(answer, failure);
    });
}

/**
 * Whether one of the others does better. Where all fail alike it is what they stand on that fails: whoever is out then is
 * missing when it is well again. All fail alike, and not at the same moment: so another one must have answered well since
 * this one was first seen to fail, and not only before.
 */
function isAnotherBetter(instance: Instance, callable: readonly Instance[], nowMs: number): boolean {
  const share = failureShare(instance, nowMs);
  const sinceMs = instance.health.failingSinceMs ?? nowMs;
  return callable.some((other) => {
    const { breaker, goodAtMs } = other.health;
    if (other === instance || breaker.kind !== 'closed' || breaker.failuresInARow > 0) return false;
    return goodAtMs >= sinceMs && failureShare(other, nowMs) * 2 < share;
  });
}

function failureShare({ health: { recent } }: Instance, nowMs: number): number {
  return recent.count(FAILURES, nowMs) / Math.max(1, recent.count(ATTEMPTS, nowMs));
}
