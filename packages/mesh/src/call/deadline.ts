// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import { Readable } from 'node:stream';
import { type Clock, createExpiries, isMicroError, type Lifetime } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import { type CallFacts, type MeshError, meshError } from '../errors.ts';
import type { CallRequest, Interceptor } from './call.ts';

/**
 * Ends a call whose time is up, or whose caller went away: whoever is at work on it stops. A call made for a request that is
 * being served ends with that request, so that nobody works for a caller who is gone, over any number of hops.
 *
 * The time of a stream ends with the head of its answer, because how long its body may take only its reader knows; its
 * signal, and the end of the request it is made for, count to the last byte.
 */
export function deadline(clock: Clock, counters: Counters, defaultTimeoutMs: number): Interceptor {
  const expire = createExpiries(clock);

  function end(request: CallRequest, error: MeshError): void {
    if (request.cancellation.reason !== undefined) return;
    countEnd(counters, error);
    request.cancellation.cancel(error);
  }

  return (next) => (request, done) => {
    const { cancellation, options } = request;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const lifetime = request.context?.lifetime;
    request.endsAtMs = request.startedAtMs + timeoutMs;
    let unlisten: (() => void) | undefined;
    if (lifetime !== undefined) {
      if (lifetime.endsAtMs !== undefined && lifetime.endsAtMs < request.endsAtMs) request.endsAtMs = lifetime.endsAtMs;
      const ended = (reason: Error | undefined) => end(request, lifetimeEnded(factsOf(request), lifetime, reason));
      if (lifetime.remainingMs() === 0) ended(undefined);
      else unlisten = lifetime.listen(ended);
    }
    const unwatch = options.signal === undefined ? undefined : watch(options.signal, request, end);
    if (cancellation.reason !== undefined) {
      unlisten?.();
      unwatch?.();
      done(undefined, cancellation.reason);
      return;
    }
    // Of its own length, shared by most calls, though the request served may end sooner: that tells by itself.
    const expiry = expire(
      Math.max(0, timeoutMs - request.spentMs),
      () => end(request, deadlineExceeded(factsOf(request), timeoutMs, whereabouts(request))),
      request.nowMs,
    );
    next(request, (answer, failure) => {
      expiry.stop();
      if (request.wantsStream && answer?.body instanceof Readable) {
        answer.body.once('close', () => {
          unwatch?.();
          unlisten?.();
        });
      } else {
        unwatch?.();
        unlisten?.();
      }
      done(answer, failure);
    });
  };
}

function watch(signal: AbortSignal, request: CallRequest, end: (request: CallRequest, error: MeshError) => void): () => void {
  const onAbort = () => end(request, cancelled(factsOf(request), signal.reason));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

function whereabouts({ instance, isSent }: CallRequest): string {
  if (instance === undefined) return 'no instance was reached';
  return `instance ${instance.id} at ${instance.url} ${isSent ? 'had not answered' : 'had no free place'}`;
}

export function factsOf({ service, function: name, instance, requestId }: CallRequest): CallFacts {
  return { service: service.name, function: name, instance: instance?.id, requestId };
}

export function countEnd(counters: Counters, error: MeshError): void {
  if (error.code === 'MESH_DEADLINE_EXCEEDED') counters.deadlinesExceeded += 1;
  else counters.cancellations += 1;
}

export function deadlineExceeded(facts: CallFacts, timeoutMs: number, where: string): MeshError {
  return meshError(
    'MESH_DEADLINE_EXCEEDED',
    `Deadline Exceeded: ${facts.service}.${facts.function} after ${timeoutMs} ms (${where}). Give the call more time with { timeoutMs }, or find what is slow.`,
    { ...facts, details: { timeoutMs } },
  );
}

export function cancelled(facts: CallFacts, cause: unknown): MeshError {
  return meshError('MESH_CANCELLED', `Cancelled: ${facts.service}.${facts.function}, by the signal of its caller.`, {
    ...facts,
    cause,
  });
}

/** The request for which the call was made is over: its caller went away, or his time is up. */
export function lifetimeEnded(facts: CallFacts, lifetime: Lifetime, reason: Error | undefined): MeshError {
  const name = `${facts.service}.${facts.function}`;
  const isLate = isMicroError(reason) ? reason.kind === 'deadline_exceeded' : lifetime.remainingMs() === 0;
  if (!isLate) {
    const message = `Cancelled: ${name}, because the caller of the request that is being served went away.`;
    return meshError('MESH_CANCELLED', message, { ...facts, cause: reason });
  }
  const message = `Deadline Exceeded: ${name}, because the time that the request being served was given is up. Its caller decides how long that is.`;
  return meshError('MESH_DEADLINE_EXCEEDED', message, { ...facts, cause: reason, details: { isInherited: true } });
}
