// Hot path: every call passes here. Its bench: bench/call-cost.mjs

import { Readable } from 'node:stream';
import { Cancellation, type Clock, type Context, currentContext, isRequestId, show } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { Instance } from '../directory/directory.ts';
import { CALLS } from '../directory/health.ts';
import { type CallFacts, MeshError, meshError } from '../errors.ts';
import { dataOf, remoteError } from './answer.ts';
import { type BuiltRequest, toRequest, toRequestExplicit } from './arguments.ts';
import { asksForCoding } from './asks-for-coding.ts';
import {
  builtFor,
  type Call,
  type CallAnswer,
  type CallOptions,
  type CallRequest,
  type ResponseOptions,
  type ToHttp,
} from './call.ts';
import { checkCallOptions, checkHedge } from './call-options.ts';
import { cancelled, countEnd, deadlineExceeded, lifetimeEnded } from './deadline.ts';
import { explain } from './explain.ts';
import { fallBack } from './fallback.ts';
import type { CallObservers } from './observe.ts';
import type { ExplicitArguments, Invoker, ServiceResponse, ServiceStream } from './services.ts';
import type { Target, Targets } from './targets.ts';

export interface InvokeOptions {
  readonly targets: Targets;
  readonly chain: Call;
  readonly observers: CallObservers;
  readonly clock: Clock;
  readonly counters: Counters;
  /** The longest time of one call, unless it says otherwise. */
  readonly timeoutMs: number;
  /** An id for a call that serves no request. */
  readonly nextRequestId: () => string;
  readonly isClosed: () => boolean;
  /** Whether rules let us call this; `undefined`: everything. */
  readonly mayCall: ((service: string, path: string) => boolean) | undefined;
}

/** What a caller asked for, and who is told. */
interface Asked<T> {
  /** Service and function, as the caller wrote them. */
  readonly key: string;
  readonly name: string;
  readonly args: unknown;
  readonly options: CallOptions;
  readonly wantsStream: boolean;
  readonly toHttp: ToHttp;
  readonly read: (request: CallRequest, answer: CallAnswer) => T;
}

const NO_OPTIONS: CallOptions = Object.freeze({});

/** From `services.x.f(args)` to the chain: finds service and function, turns arguments into a request, reads the answer. */
export function createInvoker(surroundings: InvokeOptions): Invoker {
  const { targets, chain, observers, clock, counters, timeoutMs, nextRequestId, isClosed, mayCall } = surroundings;

  /** One promise a call: what stands between here and the transport tells by functions. */
  function run<T>(asked: Asked<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { key, name, options } = asked;
      if (options !== NO_OPTIONS) checkCallOptions(options, { service: key, function: name });
      const context = currentContext();
      const requestId = givenRequestId(options) ?? context?.requestId ?? nextRequestId();
      if (isClosed()) throw closed({ service: key, function: name, requestId });
      counters.calls += 1;
      const startedAtMs = clock.monotonicMs();
      const target = targets.known(key, name);
      if (target !== undefined) {
        send(asked, target, context, requestId, startedAtMs, startedAtMs, resolve, reject);
        return;
      }
      search(key, name, options, requestId, context).then(
        (found) => send(asked, found, context, requestId, startedAtMs, clock.monotonicMs(), resolve, reject),
        (error: unknown) => {
          observers.failed({ service: key, function: name, requestId, context }, error, clock.monotonicMs() - startedAtMs);
          reject(error);
        },
      );
    });
  }

  function send<T>(
    { name, args, options, wantsStream, toHttp, read }: Asked<T>,
    target: Target,
    context: Context | undefined,
    requestId: string,
    startedAtMs: number,
    nowMs: number,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    target.service.recent.add(CALLS, startedAtMs);
    const request: CallRequest = {
      service: target.service,
      function: name,
      options,
      requestId,
      wantsStream,
      // How its body is to be read stands in the head.
      wantsHead: read !== dataOf || asksForCoding(options),
      cancellation: new Cancellation(),
      context,
      startedAtMs,
      spentMs: nowMs - startedAtMs,
      args,
      toHttp,
      found: target.found,
      built: undefined,
      builtOf: undefined,
      upload: undefined,
      candidates: target.candidates,
      nowMs,
      endsAtMs: 0,
      attempts: 1,
      failed: undefined,
      isBudgetSpent: false,
      instance: undefined,
      attemptedAtMs: 0,
      isProbe: false,
      outcome: 'unknown',
      isSent: false,
      sent: undefined,
      watches: undefined,
      carried: undefined,
    };
    const fail = (error: unknown) =>
      reject(withFacts(explain(request, error), { service: target.service.name, function: name, requestId }, request));
    try {
      if (options.instance !== undefined) request.candidates = only(options.instance, target);
      // Built before the chain: what is wrong with the arguments is said before anything is sent.
      const built = builtFor(request, request.candidates[0] as Instance);
      request.upload = built.body;
      if (mayCall?.(target.service.name, built.path) === false) throw notAllowed(target.service.name, name, built);
      if (options.hedge !== undefined) checkHedge(options, built.method);
    } catch (error) {
      fail(error);
      return;
    }
    chain(request, (answer, failure) => {
      if (answer === undefined) {
        fail(failure);
        return;
      }
      try {
        if (answer.status < 400) resolve(read(request, answer));
        else fail(remoteError(request, answer));
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Whoever gives a call little time, or takes it back, does not wait for a service that is slow to tell its routes. */
  async function search(
    key: string,
    name: string,
    options: CallOptions,
    requestId: string,
    context: Context | undefined,
  ): Promise<Target> {
    const facts = { service: key, function: name, requestId };
    const found = targets.search(key, name, facts);
    const limitMs = options.timeoutMs ?? timeoutMs;
    const lifetime = context?.lifetime;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (error: MeshError) => {
        if (isOver) return;
        isOver = true;
        countEnd(counters, error);
        reject(error);
      };
      const timer = clock.after(limitMs, () =>
        end(deadlineExceeded(facts, limitMs, 'while the service was asked for its routes')),
      );
      const unlisten = lifetime?.listen((reason) => end(lifetimeEnded(facts, lifetime, reason)));
      const onAbort = () => end(cancelled(facts, options.signal?.reason));
      if (options.signal?.aborted === true) onAbort();
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const settled = () => {
        isOver = true;
        timer.stop();
        unlisten?.();
        options.signal?.removeEventListener('abort', onAbort);
      };
      found.then(resolve, reject).finally(settled);
    });
  }

  return {
    serviceNames: targets.serviceNames,
    functionNames: targets.functionNames,

    call(service, name, args, options = NO_OPTIONS) {
      const call = run({ key: service, name, args, options, wantsStream: false, toHttp: toRequest, read: dataOf });
      if (options?.fallback === undefined) return call;
      return call.catch((error: unknown) => fallBack(options.fallback, error, counters));
    },

    async request(service, name, explicit = {}) {
      const { args, options } = takeApart(service, name, explicit);
      const asked = { key: service, name, args, options, wantsStream: false, toHttp: explicitly, read: wholeResponse };
      const response = run<ServiceResponse>(asked);
      return releasing(args.body, response);
    },

    async stream(service, name, explicit = {}) {
      const { args, options } = takeApart(service, name, explicit);
      const asked = { key: service, name, args, options, wantsStream: true, toHttp: explicitly, read: openStream };
      return releasing(args.body, run<ServiceStream>(asked));
    },
  };
}

/** A stream that was handed over is ours to end when the call fails: nobody else knows that it will not be read. */
async function releasing<T>(body: unknown, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (body instanceof Readable) body.destroy();
    throw error;
  }
}

function wholeResponse(request: CallRequest, answer: CallAnswer): ServiceResponse {
  const { status, headers } = answer;
  return { status, headers, data: dataOf(request, answer), instance: (request.instance as Instance).id };
}

function openStream(request: CallRequest, { status, headers, body }: CallAnswer): ServiceStream {
  return { status, headers, body: body as ServiceStream['body'], instance: (request.instance as Instance).id };
}

function only(id: string, { service, candidates }: Target): readonly Instance[] {
  const chosen = candidates.filter((candidate) => candidate.id === id);
  if (chosen.length > 0) return chosen;
  const ids = candidates.map((candidate) => candidate.id).join(', ');
  const message = `Service Unavailable: ${service.name} (no instance ${id} of it is up; there are: ${ids}).`;
  throw meshError('MESH_SERVICE_UNAVAILABLE', message, { service: service.name });
}

/** The id that the caller gave by a header is the id of the call. */
function givenRequestId({ headers }: CallOptions): string | undefined {
  for (const name in headers) {
    if (name.toLowerCase() === 'x-request-id' && isRequestId(headers[name])) return headers[name];
  }
  return undefined;
}

const explicitly: ToHttp = (found, name, args, options) => toRequestExplicit(found, name, args as ExplicitArguments, options);

function takeApart(
  service: string,
  name: string,
  explicit: ExplicitArguments & ResponseOptions,
): { args: ExplicitArguments; options: CallOptions } {
  if (typeof explicit !== 'object' || explicit === null) {
    const message = `${name} takes an object, { params, query, body, headers, … }; it got ${show(explicit)}.`;
    throw meshError('MESH_ARGUMENT_INVALID', message, { service, function: name });
  }
  if ('fallback' in explicit) {
    const message = `${name}: a whole response and a stream have no fallback, because one that never was has no status. Catch the error instead.`;
    throw meshError('MESH_ARGUMENT_INVALID', message, { service, function: name });
  }
  const { params, query, body, ...options } = explicit;
  return { args: { params, query, body }, options };
}

function notAllowed(service: string, name: string, { method, path }: BuiltRequest): Error {
  const message = `${service}.${name} is not for this service: the option "allow" does not let it call ${method} ${path} there. Nothing was sent.`;
  return meshError('MESH_NOT_ALLOWED', message, { service, function: name });
}

function closed(facts: CallFacts): Error {
  const message = `Service Unavailable: ${facts.service} (this process has left the mesh: close() was called).`;
  return meshError('MESH_CLOSED', message, facts);
}

/** An error that was made where nothing is known of the call gets its facts, and how often it was tried. */
function withFacts(error: unknown, facts: CallFacts, { attempts, instance, isBudgetSpent }: CallRequest): unknown {
  if (error instanceof Error) {
    for (const [name, value] of Object.entries(facts))
      if (Reflect.get(error, name) === undefined) Reflect.set(error, name, value);
  }
  if (error instanceof MeshError && instance !== undefined) {
    const spent = isBudgetSpent ? { isRetryBudgetSpent: true } : {};
    Reflect.set(error, 'details', { ...error.details, attempts, ...spent });
  }
  return error;
}
