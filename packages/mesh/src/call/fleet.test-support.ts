import { setImmediate as turn } from 'node:timers/promises';
import { Cancellation, type Clock, type Context, Lifetime, type Random, silentLog, type Timer } from '@express-micro/core';
import { createCounters } from '../counters.ts';
import { createDirectory, type Instance, type ServiceEntry } from '../directory/directory.ts';
import { CALLS } from '../directory/health.ts';
import { resolveMeshOptions } from '../options.ts';
import { nameRoutes } from '../routes/naming.ts';
import { type CallTransport, type FailurePhase, TransportFailure, type TransportRequest } from '../transport/transport.ts';
import type { BuiltRequest } from './arguments.ts';
import type { CallAnswer, CallOptions, CallRequest } from './call.ts';
import { createCallChain } from './chain.ts';
import { createCallObservers } from './observe.ts';

/** Time that passes when the test says so. */
function createTestClock() {
  let nowMs = 1_000_000;
  let timers: { atMs: number; run: () => void }[] = [];
  const after = (delayMs: number, run: () => void): Timer => {
    const timer = { atMs: nowMs + Math.max(0, delayMs), run };
    timers.push(timer);
    return {
      stop: () => {
        timers = timers.filter((one) => one !== timer);
      },
    };
  };
  const clock: Clock = { monotonicMs: () => nowMs, epochMs: () => nowMs, after, every: after };
  return {
    clock,
    pending: () => timers.length,
    /** Everything that happens in the next `ms`, in its order. */
    async pass(ms: number): Promise<void> {
      const endsAtMs = nowMs + ms;
      for (;;) {
        await turn();
        const [next] = timers.toSorted((one, other) => one.atMs - other.atMs);
        if (next === undefined || next.atMs > endsAtMs) break;
        timers = timers.filter((one) => one !== next);
        nowMs = Math.max(nowMs, next.atMs);
        next.run();
      }
      nowMs = endsAtMs;
      await turn();
    },
  };
}

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, bytes: (size) => Buffer.alloc(size), uuid: () => '' };
}

/** What an instance does with an attempt: answers after a while, or fails. `undefined`: it never answers. */
export type Behaviour = (
  sent: TransportRequest,
) => { afterMs?: number; status?: number; headers?: CallAnswer['headers']; fail?: FailurePhase; hadHead?: boolean } | undefined;

const TABLE = nameRoutes([{ method: 'GET', paths: ['/pens'] }]);

/** The whole chain over instances that behave as told, in time that passes as told. */
export function createFleet(behaviours: Record<string, Behaviour>, options: Record<string, unknown> = {}) {
  const time = createTestClock();
  const { clock } = time;
  const counters = createCounters();
  const random = seeded(7);
  const events: string[] = [];
  const sent: TransportRequest[] = [];
  const directory = createDirectory({ clock, onServiceUp() {}, onServiceDown() {}, onInstanceChange() {} });

  function add(id: string): Instance {
    const member = { id, service: 'pens', url: `http://${id}`, incarnation: 1, status: 'UP', routesHash: 'h' } as const;
    directory.update({ ...member, isSigning: false, isDoubtful: false });
    directory.prove(id, 'h', TABLE);
    return directory.instance(id) as Instance;
  }
  for (const id of Object.keys(behaviours)) add(id);
  const service = directory.find('pens') as ServiceEntry;

  const transport: CallTransport = {
    request(request, answered) {
      sent.push(request);
      const done = behaviours[request.instance as string]?.(request);
      const timer =
        done &&
        clock.after(done.afterMs ?? 0, () => {
          request.cancellation.listen(undefined);
          const { status = 200, headers = {}, fail, hadHead } = done;
          if (fail !== undefined) answered(undefined, new TransportFailure(fail, new Error(fail), hadHead));
          else answered({ status, headers, contentType: '', body: Buffer.alloc(0) }, undefined);
        });
      request.cancellation.listen((reason) => {
        timer?.stop();
        answered(undefined, new TransportFailure('cancelled', reason));
      });
    },
    stream: () => Promise.reject(new Error('no streams here')),
    forget() {},
    renew() {},
    close: async () => {},
  };

  const tunables = resolveMeshOptions('test()', options);
  const observers = createCallObservers({ ...silentLog, error: (message) => events.push(message) });
  const chain = createCallChain({
    observers,
    tunables,
    clock,
    random,
    counters,
    transport,
    authorize() {},
    onUnreached: (instance) => events.push(`doubt ${instance.id}`),
    isClosed: () => false,
    onRetry: ({ instance }, reason) => events.push(`retry ${instance?.id}: ${reason}`),
    onEjected: ({ id }, reason) => events.push(`ejected ${id}: ${reason}`),
    onReadmitted: ({ id }) => events.push(`readmitted ${id}`),
  });

  /** Settles with the status, or with the error's code or phase. */
  function call(
    callOptions: CallOptions = {},
    more: { method?: string; body?: BuiltRequest['body']; context?: Context } = {},
  ): Promise<number | string> {
    const { method = 'GET', body, context } = more;
    const built: BuiltRequest = { method, path: '/pens', query: '', body, headers: {} };
    counters.calls += 1;
    service.recent.add(CALLS, clock.monotonicMs());
    const request: CallRequest = {
      service,
      function: 'getPens',
      options: callOptions,
      requestId: 'r',
      wantsStream: false,
      wantsHead: true,
      cancellation: new Cancellation(),
      context,
      startedAtMs: clock.monotonicMs(),
      spentMs: 0,
      nowMs: clock.monotonicMs(),
      args: undefined,
      toHttp: () => built,
      found: new Map(),
      built: undefined,
      builtOf: undefined,
      upload: body,
      candidates: [...service.instances.values()].filter(
        ({ id }) => callOptions.instance === undefined || id === callOptions.instance,
      ),
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
    requests.push(request);
    return new Promise((resolve) => {
      chain(request, (answer, failure) => {
        const { code, phase, cause } = (failure ?? {}) as { code?: string; phase?: string; cause?: { code?: string } };
        resolve(answer?.status ?? code ?? (phase === 'cancelled' ? cause?.code : phase) ?? '');
      });
    });
  }
  const requests: CallRequest[] = [];

  return { ...time, counters, events, sent, service, add, call, requests, directory, observers };
}

/** A call every so often, for so long; how many attempts went to each instance. */
export async function load(
  fleet: ReturnType<typeof createFleet>,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<{ share: (id: string) => number; results: (number | string)[] }> {
  const before = fleet.sent.length;
  const results: (number | string)[] = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    void fleet.call().then((result) => results.push(result));
    await fleet.pass(1_000 / perSecond);
  }
  const sent = fleet.sent.slice(before);
  return { results, share: (id) => sent.filter(({ instance }) => instance === id).length / sent.length };
}

/** A request that is being served, with so much time left; `gone` is its caller going away. */
export function serving(clock: Clock, leftMs?: number) {
  let leave: (reason: Error) => void = () => {};
  const listeners = { count: 0 };
  const lifetime = new Lifetime({
    endsAtMs: leftMs === undefined ? undefined : clock.monotonicMs() + leftMs,
    clock,
    expire: (delayMs, run) => clock.after(delayMs, run),
    expired: () => new Error('time is up'),
    watch: ({ gone }) => {
      leave = gone;
    },
  });
  const { listen } = lifetime;
  lifetime.listen = (listener) => {
    const stop = listen.call(lifetime, listener);
    listeners.count += 1;
    return () => {
      listeners.count -= 1;
      stop();
    };
  };
  const context: Context = { requestId: 'served', traceparent: undefined, tracestate: undefined, caller: undefined, lifetime };
  return { context, listeners, gone: () => leave(new Error('the socket was closed')) };
}
