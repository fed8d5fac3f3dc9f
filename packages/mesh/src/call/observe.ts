import type { AttemptWatch, CallObserver, CallWatch, Clock, Log, ObservedCall } from '@express-micro/core';
import { isMicroError } from '@express-micro/core';
import type { Instance } from '../directory/directory.ts';
import type { RouteTable } from '../routes/naming.ts';
import { builtFor, type CallRequest, type Interceptor } from './call.ts';
import { explain } from './explain.ts';

/** Who sees the calls of this process: metrics, traces. */
export interface CallObservers {
  /** `undefined` while nobody observes: then nothing of this file is on the way of a call. */
  readonly current: readonly CallObserver[] | undefined;
  /** Answers how to stop. */
  add(observer: CallObserver): () => void;
  /** A call that failed before there was anybody to send it to. */
  failed(call: Omit<ObservedCall, 'method' | 'route'>, error: unknown, durationMs: number): void;
  /** What an observer does wrong is its own affair: a call never fails by being looked at. */
  safely<T>(look: () => T): T | undefined;
}

export function createCallObservers(log: Log): CallObservers {
  let current: readonly CallObserver[] | undefined;
  let hasComplained = false;

  function safely<T>(look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      if (!hasComplained) log.error(`an observer of calls failed, and is not asked why again: ${String(error)}`);
      hasComplained = true;
      return undefined;
    }
  }

  return {
    get current() {
      return current;
    },
    add(observer) {
      current = [...(current ?? []), observer];
      return () => {
        const rest = (current ?? []).filter((one) => one !== observer);
        current = rest.length === 0 ? undefined : rest;
      };
    },
    failed(call, error, durationMs) {
      for (const observer of current ?? []) {
        const end = { status: undefined, error, errorType: typeOf(error), durationMs, attempts: 0, instance: undefined };
        safely(() => observer.begin({ ...call, method: undefined, route: undefined })?.end(end));
      }
    },
    safely,
  };
}

/** Outermost: a call as its caller sees it, retries, waiting and all. */
export function observeCall(observers: CallObservers, clock: Clock): Interceptor {
  const { safely } = observers;

  function ended(request: CallRequest, status: number | undefined, failure: unknown): void {
    const { watches = [], attempts, instance, startedAtMs } = request;
    const { error, errorType } = verdictOf(request, status, failure);
    const durationMs = clock.monotonicMs() - startedAtMs;
    const end = { status, error, errorType, durationMs, attempts, instance: instance?.id };
    for (const watch of watches) safely(() => watch.end(end));
  }

  return (next) => (request, done) => {
    const call = describe(request);
    const watches: CallWatch[] = [];
    for (const observer of observers.current ?? []) {
      const watch = safely(() => observer.begin(call));
      if (watch !== undefined) watches.push(watch);
    }
    if (watches.length === 0) return next(request, done);
    request.watches = watches;
    next(request, (answer, failure) => {
      ended(request, answer?.status, failure);
      done(answer, failure);
    });
  };
}

/** Innermost: each attempt where it is handed to the transport, so that what waited for a place is not part of it. */
export function observeAttempt({ safely }: CallObservers, clock: Clock): Interceptor {
  return (next) => (request, done) => {
    const begun: AttemptWatch[] = [];
    for (const watch of request.watches ?? []) {
      const attempt = watch.attempt === undefined ? undefined : safely(() => begin(watch, request));
      if (attempt !== undefined) begun.push(attempt);
    }
    if (begun.length === 0) return next(request, done);
    const { context } = request;
    const inherited =
      context?.traceparent === undefined
        ? {}
        : { traceparent: context.traceparent, ...(context.tracestate === undefined ? {} : { tracestate: context.tracestate }) };
    request.carried = Object.assign(inherited, ...begun.map(({ headers }) => headers));
    const beganAtMs = clock.monotonicMs();
    next(request, (answer, failure) => {
      const status = answer?.status;
      const { error, errorType } = verdictOf(request, status, failure);
      const durationMs = clock.monotonicMs() - beganAtMs;
      const end = { status, error, errorType, durationMs, transport: request.sent?.way };
      for (const attempt of begun) safely(() => attempt.end(end));
      done(answer, failure);
    });
  };
}

function begin(watch: CallWatch, { attempts, instance }: CallRequest): AttemptWatch | undefined {
  const { id, url } = instance as Instance;
  return watch.attempt?.({ number: attempts, instance: id, url });
}

function describe(request: CallRequest): ObservedCall {
  const { service, function: name, requestId, context, candidates } = request;
  const first = candidates[0] as Instance;
  const found = request.found.get(first.known?.table as RouteTable) ?? [...request.found.values()][0];
  const { method } = builtFor(request, first);
  return { service: service.name, function: name, method, route: found?.route.paths[0], requestId, context };
}

const WELL = Object.freeze({ error: undefined, errorType: undefined });

/** What the caller is going to be told. */
function verdictOf(request: CallRequest, status: number | undefined, failure: unknown) {
  if (status !== undefined) return status < 400 ? WELL : { error: undefined, errorType: String(status) };
  const error = explain(request, failure);
  return { error, errorType: typeOf(error) };
}

function typeOf(error: unknown): string {
  if (isMicroError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
