import { createExpiries, keepContext, Lifetime, runInContext, systemClock } from '@express-micro/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { MeshError } from '../src/index.ts';
import { type App, onExpress, stopAll, until } from './fleet.test-support.ts';
import { startInstances } from './instances.test-support.ts';

afterEach(stopAll);

// Kept from the beginning: where the first one asks for it inside of a request, that one's is kept for all that follows there.
keepContext();
const expire = createExpiries(systemClock);
/** A request that is being served, as admission opens it. */
function serving(leftMs?: number) {
  let leave: (reason: Error) => void = () => {};
  const lifetime = new Lifetime({
    endsAtMs: leftMs === undefined ? undefined : systemClock.monotonicMs() + leftMs,
    clock: systemClock,
    expire,
    expired: () => new Error('time is up'),
    watch: ({ gone }) => {
      leave = gone;
    },
  });
  const context = { requestId: 'served', traceparent: undefined, tracestate: undefined, caller: undefined, lifetime };
  return { run: <T>(work: () => T): T => runInContext(context, work), gone: () => leave(new Error('the socket was closed')) };
}

const failed = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call was answered'),
    (error: MeshError) => error,
  );

describe('a deadline', () => {
  it('without time left nothing is sent', async () => {
    let asked = 0;
    const { pens, micro } = await startInstances(1, (app) => {
      app.get('/pens', (_req, res) => {
        asked += 1;
        res.json([]);
      });
    });
    await pens.getPens();
    const error = await failed(serving(0).run(() => pens.getPens()));
    expect([error.code, asked, micro.counters().attemptsOverHttp]).toEqual(['MESH_DEADLINE_EXCEEDED', 1, 1]);
  });
});

describe('a caller that goes away', () => {
  it('ends the call that was made for it, and the request at the other side', async () => {
    const closed: string[] = [];
    let asked = 0;
    const { pens, micro } = await startInstances(2, (app) => {
      app.get('/slow', (_req, res) => {
        asked += 1;
        res.once('close', () => closed.push('closed'));
      });
    });
    const { run, gone } = serving();
    const call = failed(run(() => pens.getSlow()));
    await until(
      'the attempt',
      () => asked,
      (seen) => seen === 1,
    );
    gone();
    expect(await call).toMatchObject({ code: 'MESH_CANCELLED', message: expect.stringContaining('went away') });
    await until(
      'the other side',
      () => closed,
      (seen) => seen.length === 1,
    );
    expect(micro.counters()).toMatchObject({ cancellations: 1, retries: 0, attemptsOverHttp: 1 });
  });

  it('ends a stream while its body comes, by the request that is served and by a signal', async () => {
    const closed: string[] = [];
    const { pens } = await startInstances(1, (app) => {
      app.get('/endless', (_req, res) => {
        res.once('close', () => closed.push('closed'));
        res.write('x');
      });
      app.get('/slow', () => {});
    });
    const { run, gone } = serving();
    const { body } = await run(() => pens.getEndless.stream({ timeoutMs: 100 }));
    await new Promise((resolve) => body.once('data', resolve));
    // As long again as the stream was given, by the clock that would end it.
    expect((await failed(pens.getSlow({}, { timeoutMs: 100 }))).code).toBe('MESH_DEADLINE_EXCEEDED');
    expect(body.destroyed).toBe(false);
    gone();
    await new Promise((resolve) => body.once('close', resolve));
    expect(body.errored).toMatchObject({ code: 'MESH_CANCELLED' });
    await until(
      'the other side',
      () => closed,
      (seen) => seen.length === 1,
    );
    const late = await serving(80).run(() => pens.getEndless.stream());
    await new Promise((resolve) => late.body.once('close', resolve));
    expect(late.body.errored).toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
  });
});

describe('the bulkhead', () => {
  it('lets so many through, has so many wait, and fails the rest at once', async () => {
    const held: (() => void)[] = [];
    const { pens, micro } = await startInstances(
      1,
      (app) => {
        app.get('/pens', (_req, res) => void held.push(() => res.json([])));
      },
      { bulkhead: { maxInFlight: 2, maxQueued: 1 } },
    );
    const calls = [1, 2, 3, 4].map(() => pens.getPens());
    const error = await failed(Promise.race(calls));
    expect(error).toMatchObject({ code: 'MESH_OVERLOADED', kind: 'resource_exhausted', status: 503, retryable: true });
    expect(error.details).toMatchObject({ mayHaveExecuted: false, attempts: 1 });
    await until(
      'two',
      () => held.length,
      (seen) => seen === 2,
    );
    held.shift()?.();
    await until(
      'the third',
      () => held.length,
      (seen) => seen === 2,
    );
    for (const answer of held) answer();
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(micro.counters()).toMatchObject({ queued: 1, bulkheadRefused: 1, attemptsOverHttp: 3 });
  });

  it('a stream has its place until it is read', async () => {
    const { pens, micro } = await startInstances(1, (app) => void app.get('/pens', (_req, res) => void res.json([])), {
      bulkhead: { maxInFlight: 1 },
    });
    const { body } = await pens.getPens.stream();
    const next = pens.getPens();
    await until(
      'the next one waits for the place',
      () => micro.counters().queued,
      (queued) => queued === 1,
    );
    expect(micro.counters().attemptsOverHttp).toBe(1);
    body.resume();
    expect(await next).toEqual([]);
  });

  // Fastify takes no routes once it listens.
  onExpress('becomes a 503 where nobody catches it', async () => {
    const { caller, pens } = await startInstances(1, (app) => void app.get('/pens', () => {}), {
      bulkhead: { maxInFlight: 1, maxQueued: 1 },
      timeoutMs: 1_000,
    });
    caller.app.get('/relay', async () => void (await pens.getPens()));
    const held = failed(pens.getPens());
    // Only one of them may wait: which one depends on how long the other one has.
    const relayed = [1, 2].map(() => fetch(`${caller.url}/relay`));
    const answer = await Promise.race(relayed);
    expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: 'MESH_OVERLOADED' })]);
    await Promise.all([held, ...relayed]);
  });
});

describe('hedging', () => {
  it('the second instance answers, and the first is called off', async () => {
    let asked = 0;
    let isClosed = false;
    const { pens, micro, ids } = await startInstances(2, (app, index) => {
      app.get('/pens', (_req, res) => {
        asked += 1;
        if (asked > 1) return void res.json(index);
        res.once('close', () => {
          isClosed = true;
        });
      });
      app.post('/pens', (_req, res) => void res.json(index));
    });
    const { data, instance } = await pens.getPens.request({ hedge: { afterMs: 30 } });
    expect(instance).toBe(ids[data]);
    await until('the first', () => isClosed, Boolean);
    expect(micro.counters()).toMatchObject({ calls: 1, hedges: 1, hedgesWon: 1, attemptsOverHttp: 2, retries: 0 });
  });

  it('is for GET and HEAD, without a named instance, and takes what it takes', async () => {
    const { pens, ids } = await startInstances(1, (app) => {
      app.get('/pens', (_req, res) => void res.json([]));
      app.post('/pens', (_req, res) => void res.json([]));
    });
    const wrong = [
      pens.createPen({}, { hedge: true }),
      pens.getPens({}, { hedge: true, instance: ids[0] }),
      pens.getPens({}, { hedge: 50 }),
      pens.getPens({}, { hedge: { afterMs: -1 } }),
      pens.getPens({}, { hedge: { after: 1 } }),
    ];
    for (const call of wrong) expect((await failed(call)).code).toBe('MESH_ARGUMENT_INVALID');
    expect(await pens.getPens({}, { hedge: true })).toEqual([]);
  });
});

describe('a fallback', () => {
  it('is the answer where there is none; of what was asked wrongly it hides nothing', async () => {
    const { pens, micro } = await startInstances(1, (app) => {
      app.get('/broken', (_req, res) => void res.status(500).end());
      app.get('/missing', (_req, res) => void res.status(404).end());
      app.get('/slow', () => {});
    });
    expect(await pens.getBroken({}, { fallback: [] })).toEqual([]);
    expect(await pens.getSlow({}, { timeoutMs: 50, fallback: async ({ code }: MeshError) => code })).toBe(
      'MESH_DEADLINE_EXCEEDED',
    );
    expect(await micro.services.nobody.getAnything({}, { fallback: null })).toBeNull();
    expect((await failed(pens.getMissing({}, { fallback: [] }))).status).toBe(404);
    expect((await failed(pens.getNothing({}, { fallback: [] }))).code).toBe('MESH_FUNCTION_NOT_FOUND');
    expect((await failed(pens.getBroken.request({ fallback: [] }))).message).toMatch(/Catch the error/);
    expect(micro.counters().fallbacks).toBe(3);
  });
});

describe('a burst that the places of one instance and its line can hold', () => {
  const together = async (count: number, handler: (app: App) => void, options: object) => {
    const { pens, micro } = await startInstances(1, handler, options);
    const results = await Promise.allSettled(Array.from({ length: count }, () => pens.getPens()));
    const { retries, bulkheadRefused } = micro.counters();
    return { answered: results.filter(({ status }) => status === 'fulfilled').length, retries, bulkheadRefused };
  };

  it.each(['auto', 'http'] as const)(
    'is answered, whether it waits for something else or computes, over %s',
    async (transport) => {
      const waits = await together(150, (app) => void app.get('/pens', (_req, res) => void setTimeout(() => res.json([]), 5)), {
        transport,
      });
      expect(waits).toEqual({ answered: 150, retries: 0, bulkheadRefused: 0 });
      const computes = await together(
        200,
        (app) =>
          void app.get('/pens', (_req, res) => {
            const endMs = performance.now() + 2;
            while (performance.now() < endMs);
            res.json([]);
          }),
        { transport },
      );
      expect(computes).toEqual({ answered: 200, retries: 0, bulkheadRefused: 0 });
    },
  );
});
