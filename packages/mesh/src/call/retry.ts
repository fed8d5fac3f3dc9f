// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import { isReadable, Readable } from 'node:stream';
import type { Clock, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import { type Instance, isCallable } from '../directory/directory.ts';
import { RETRIES } from '../directory/health.ts';
import { TransportFailure } from '../transport/transport.ts';
import { builtFor, type CallAnswer, type CallRequest, type Done, type Interceptor } from './call.ts';
import { mayRetry } from './retry-budget.ts';
import { decideRetry, type Fate, fateOfAnswer, fateOfFailure } from './retry-decision.ts';
import type { RetryTunables } from './retry-options.ts';
import { hasRoom } from './waiting-line.ts';

export interface RetrySurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly onRetry: (request: CallRequest, reason: string) => void;
  /** This process has left: whatever fails now is over. */
  readonly isClosed: () => boolean;
}

/** RFC 9110, section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * Tries a failed call again where that does no harm: what was surely not executed, and what may be executed twice. Never
 * once an answer has begun. The next attempt goes to another instance where there is one.
 */
export function retry(tunables: RetryTunables, { clock, random, counters, onRetry, isClosed }: RetrySurroundings): Interceptor {
  return (next) => {
    /** Waits and tries again, or gives what came. */
    function reconsider(request: CallRequest, fate: Fate, done: Done, answer: CallAnswer | undefined, failure: unknown): void {
      const { instance, service, cancellation } = request;
      if (instance === undefined || cancellation.reason !== undefined || isClosed()) return done(answer, failure);
      request.failed ??= [];
      if (!request.failed.includes(instance)) request.failed.push(instance);
      const nowMs = clock.monotonicMs();
      const facts = { ...factsFor(request, nowMs), fate, remainingMs: request.endsAtMs - nowMs };
      const waitMs = decideRetry(facts, tunables, random.next());
      if (waitMs === undefined) return done(answer, failure);
      if (!mayRetry(service.recent, nowMs, tunables)) {
        request.isBudgetSpent = true;
        counters.retriesRefused += 1;
        return done(answer, failure);
      }
      service.recent.add(RETRIES, nowMs);
      counters.retries += 1;
      onRetry(request, fate.reason);
      request.attempts += 1;
      pause(clock, waitMs, request, (cancelled) => {
        if (cancelled !== undefined) return done(undefined, cancelled);
        if (isClosed()) return done(answer, failure);
        request.nowMs = clock.monotonicMs();
        attempt(request, done);
      });
    }

    function attempt(request: CallRequest, done: Done): void {
      next(request, (answer, failure) => {
        if (answer !== undefined && answer.status < 429) return done(answer, failure);
        const fate = answer === undefined ? fateOfFailure(failure) : fateOfAnswer(answer, clock.epochMs());
        if (answer !== undefined && fate.kind === 'final') return done(answer, failure);
        reconsider(request, fate, done, answer, failure);
      });
    }
    return attempt;
  };
}

function factsFor(request: CallRequest, nowMs: number) {
  const { options, candidates, failed, attempts, instance } = request;
  const { method, body, headers } = builtFor(request, instance as Instance);
  const others = options.instance === undefined ? candidates.filter((one) => isCallable(one) && !failed?.includes(one)) : [];
  return {
    attempts,
    isIdempotent: IDEMPOTENT.has(method) || options.idempotencyKey !== undefined || headers['idempotency-key'] !== undefined,
    canResend: !(body instanceof Readable) || (isReadable(body) === true && !body.readableDidRead),
    hasAnother: others.length > 0,
    hasRoom: (others.length > 0 ? others : [instance as Instance]).some((one) => hasRoom(one.health, nowMs)),
  };
}

/** Somebody awaits the call, so the process stays for it. @param then told why the pause was broken off, where it was */
function pause(
  clock: Clock,
  waitMs: number,
  { cancellation }: CallRequest,
  then: (cancelled: TransportFailure | undefined) => void,
): void {
  const timer = clock.after(waitMs, () => then(undefined), { keepsAlive: true });
  cancellation.listen((reason) => {
    timer.stop();
    then(new TransportFailure('cancelled', reason));
  });
}
