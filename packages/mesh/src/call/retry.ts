// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import { isReadable, Readable } from 'node:stream';
import type { Clock, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import { type Instance, isCallable } from '../directory/directory.ts';
import { RETRIES } from '../directory/health.ts';
import { TransportFailure } from '../transport/transport.ts';
import { builtFor, type CallRequest, type Interceptor } from './call.ts';
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
  /** How long to wait before the next attempt, which is counted; `undefined`: there is none, and what came is what the caller gets. */
  function again(request: CallRequest, fate: Fate): number | undefined {
    const { instance, service, cancellation } = request;
    if (instance === undefined || cancellation.reason !== undefined || isClosed()) return undefined;
    request.failed ??= [];
    if (!request.failed.includes(instance)) request.failed.push(instance);
    const nowMs = clock.monotonicMs();
    const facts = { ...factsFor(request, nowMs), fate, remainingMs: request.endsAtMs - nowMs };
    const waitMs = decideRetry(facts, tunables, random.next());
    if (waitMs === undefined) return undefined;
    if (!mayRetry(service.recent, nowMs, tunables)) {
      request.isBudgetSpent = true;
      counters.retriesRefused += 1;
      return undefined;
    }
    service.recent.add(RETRIES, nowMs);
    counters.retries += 1;
    onRetry(request, fate.reason);
    request.attempts += 1;
    return waitMs;
  }

  return (next) =>
    function attempt(request, done) {
      next(request, (answer, failure) => {
        const fate = answer === undefined ? fateOfFailure(failure) : fateOfAnswer(answer, clock);
        const waitMs = answer !== undefined && fate.kind === 'final' ? undefined : again(request, fate);
        if (waitMs === undefined) {
          done(answer, failure);
          return;
        }
        pause(clock, waitMs, request, (cancelled) => {
          request.nowMs = clock.monotonicMs();
          if (cancelled !== undefined) done(undefined, cancelled);
          else if (isClosed()) done(answer, failure);
          else attempt(request, done);
        });
      });
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
