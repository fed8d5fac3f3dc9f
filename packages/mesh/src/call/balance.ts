// Hot path: every call passes here. Its bench: bench/call-cost.mjs

import type { Readable } from 'node:stream';
import type { Clock, Random } from '@express-micro/core';
import type { Instance } from '../directory/directory.ts';
import { ATTEMPTS, FAILURES, type InstanceHealth, SHEDS } from '../directory/health.ts';
import { TransportFailure } from '../transport/transport.ts';
import { beginProbe, isProbeDue } from './breaker.ts';
import type { CallRequest, Interceptor } from './call.ts';
import { latencyAfter } from './latency.ts';
import { isOfAnother, type Outcome, outcomeOfAnswer, outcomeOfFailure } from './outcome.ts';
import { type PickTunables, pick } from './pick.ts';

/** What is forgotten in how long where nobody balances, so that it can be looked at all the same. */
const DECAY_MS = 10_000;

/**
 * Picks the instance for an attempt, and keeps what came of it for the next pick.
 *
 * A process that is not the one that was meant, or does not share our key, says so before anything runs: as good as refused.
 *
 * @param onUnreached told when the one picked could not be reached, so that discovery looks at it, at once
 */
export function balance(
  tunables: PickTunables,
  clock: Clock,
  random: Random,
  onUnreached: (instance: Instance) => void,
): Interceptor {
  const { decayMs, slowStartMs } = tunables.balance === false ? { decayMs: DECAY_MS, slowStartMs: 0 } : tunables.balance;

  function begin(request: CallRequest): Instance {
    const { nowMs } = request;
    const instance = pick(request, nowMs, random, tunables);
    const { health } = instance;
    request.instance = instance;
    request.attemptedAtMs = nowMs;
    request.isSent = false;
    request.sent = undefined;
    request.isProbe = request.options.instance === undefined && isProbeDue(health.breaker, nowMs);
    if (request.isProbe) health.breaker = beginProbe(health.breaker);
    health.inFlight += 1;
    return instance;
  }

  function note(request: CallRequest, health: InstanceHealth, nowMs: number, outcome: Outcome): void {
    request.outcome = outcome;
    if (outcome !== 'unknown') count(health, nowMs, outcome);
    const sampleMs = nowMs - request.attemptedAtMs;
    // Without an answer it is only known that it would have taken longer: that can make an instance slower, not faster.
    if (outcome !== 'good' && sampleMs <= health.latencyMs) return;
    const isCold = nowMs - health.returnedAtMs < slowStartMs;
    // The first answers tell of new connections and of code that is not compiled yet: one slow one of them is no peak.
    const heardMs = isCold && sampleMs > health.latencyMs ? health.latencyMs + (sampleMs - health.latencyMs) / 3 : sampleMs;
    health.latencyMs = latencyAfter(health.latencyMs, health.latencyAtMs, heardMs, nowMs, decayMs);
    health.latencyAtMs = nowMs;
  }

  return (next) => (request, done) => {
    const instance = begin(request);
    const { health } = instance;
    next(request, (answer, failure) => {
      const nowMs = clock.monotonicMs();
      if (answer === undefined) {
        note(request, health, nowMs, outcomeOfFailure(request, failure, nowMs));
        health.inFlight -= 1;
        if (failure instanceof TransportFailure && failure.phase !== 'cancelled') onUnreached(instance);
        done(undefined, failure);
        return;
      }
      note(request, health, nowMs, outcomeOfAnswer(answer));
      if (request.wantsStream && answer.status < 400) {
        (answer.body as Readable).once('close', () => {
          health.inFlight -= 1;
        });
      } else health.inFlight -= 1;
      if (answer.status === 401 && isOfAnother(answer)) {
        onUnreached(instance);
        done(undefined, new TransportFailure('refused', new Error('another process answers there, or one with another key')));
      } else done(answer, undefined);
    });
  };
}

/** Nine good ones of ten are no failing instance. */
const MOST = 10;

function count(health: InstanceHealth, nowMs: number, outcome: Outcome): void {
  const { recent } = health;
  recent.add(outcome === 'shed' ? SHEDS : ATTEMPTS, nowMs);
  if (outcome === 'good') {
    health.goodAtMs = nowMs;
    if (health.failingSinceMs === undefined) return;
    const bad = recent.count(FAILURES, nowMs) + recent.count(SHEDS, nowMs);
    if (bad * MOST <= recent.count(ATTEMPTS, nowMs)) health.failingSinceMs = undefined;
    return;
  }
  health.failingSinceMs ??= nowMs;
  if (outcome !== 'shed') recent.add(FAILURES, nowMs);
}
