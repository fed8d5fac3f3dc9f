// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import { isReadable, Readable } from 'node:stream';
import type { Clock, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import { type Instance, isCallable } from '../directory/directory.ts';
import { RETRIES } from '../directory/health.ts';
import { TransportFailure } from '../transport/transport.ts';
import type { CallAnswer, CallRequest, Interceptor } from './call.ts';
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
    async function reconsider(request: CallRequest, fate: Fate, giveUp: () => CallAnswer): Promise<CallAnswer> {
      const { instance, service, cancellation } = request;
      if (instance === undefined || cancellation.reason !== undefined || isClosed()) return giveUp();
      request.failed ??= [];
      if (!request.failed.includes(instance)) request.failed.push(instance);
      const nowMs = clock.monotonicMs();
      const facts = { ...factsFor(request, nowMs), fate, remainingMs: request.endsAtMs - nowMs };
      const waitMs = decideRetry(facts, tunables, random.next());
      if (waitMs === undefined) return giveUp();
      if (!mayRetry(service.recent, nowMs, tunables)) {
        request.isBudgetSpent = true;
        counters.retriesRefused += 1;
        return giveUp();
      }
      service.recent.add(RETRIES, nowMs);
      counters.retries += 1;
      onRetry(request, fate.reason);
      request.attempts += 1;
      await pause(clock, waitMs, request);
      return isClosed() ? giveUp() : attempt(request);
    }

    function attempt(request: CallRequest): Promise<CallAnswer> {
      return next(request).then(
        (answer) => {
          const fate = answer.status < 429 ? undefined : fateOfAnswer(answer, clock.epochMs());
          return fate === undefined || fate.kind === 'final' ? answer : reconsider(request, fate, () => answer);
        },
        (error: unknown) =>
          reconsider(request, fateOfFailure(error), () => {
            throw error;
          }),
      );
    }
    return attempt;
  };
}

function factsFor({ options, candidates, failed, attempts, build, instance }: CallRequest, nowMs: number) {
  const { method, body, headers } = build(instance as Instance);
  const others = options.instance === undefined ? candidates.filter((one) => isCallable(one) && !failed?.includes(one)) : [];
  return {
    attempts,
    isIdempotent: IDEMPOTENT.has(method) || options.idempotencyKey !== undefined || headers['idempotency-key'] !== undefined,
    canResend: !(body instanceof Readable) || (isReadable(body) === true && !body.readableDidRead),
    hasAnother: others.length > 0,
    hasRoom: (others.length > 0 ? others : [instance as Instance]).some((one) => hasRoom(one.health, nowMs)),
  };
}

/** Somebody awaits the call, so the process stays for it. */
function pause(clock: Clock, waitMs: number, { cancellation }: CallRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(waitMs, resolve, { keepsAlive: true });
    cancellation.listen((reason) => {
      timer.stop();
      reject(new TransportFailure('cancelled', reason));
    });
  });
}
