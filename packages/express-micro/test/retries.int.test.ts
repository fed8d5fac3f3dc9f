import { Readable } from 'node:stream';
import express from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MeshError, RetryEvent } from '../src/index.ts';
import { type App, stopAll } from './fleet.test-support.ts';
import { type Instances, refuseConnections, startInstances } from './instances.test-support.ts';

const NOT_EXECUTED = { 'express-micro-not-executed': '1' };

/** What happened at the instances: one entry each time that a handler ran. */
let runs: string[] = [];

function odd(app: App): void {
  runs = [];
  app.use(express.text({ type: '*/*' }));
  app.use((req, _res, next) => {
    runs.push(`${req.method} ${req.url} ${typeof req.body === 'string' ? req.body : ''}`.trim());
    next();
  });
  app.all('/lost', (req) => void req.socket.destroy());
  app.all('/lost-late', (req, res) => {
    res.writeHead(200, { 'content-length': '10' });
    res.write('12345', () => req.socket.destroy());
  });
  app.all('/shed', (_req, res) => void res.status(503).set(NOT_EXECUTED).end());
  app.all('/busy', (_req, res) => void res.status(503).set('retry-after', '0').end());
  app.all('/much', (_req, res) => void res.status(429).set('retry-after', '1').end());
  app.all('/never', (_req, res) => void res.status(503).set('retry-after', '3600').end());
  app.all('/down', (_req, res) => void res.status(503).end());
  app.all('/broken', (_req, res) => void res.status(500).end());
  app.all('/missing', (_req, res) => void res.status(404).end());
  app.get('/hold', () => {});
}

const failed = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call was answered'),
    (error: MeshError) => error,
  );

describe('what is tried again, over real sockets', () => {
  let instances: Instances;
  beforeAll(async () => {
    instances = await startInstances(2, odd, { ejection: false });
  });
  beforeEach(() => {
    runs = [];
  });
  afterAll(stopAll);

  it.each([
    ['lost', 'GET', 3, 'MESH_CONNECTION_LOST'],
    ['lost', 'PUT', 3, 'MESH_CONNECTION_LOST'],
    ['lost', 'POST', 1, 'MESH_CONNECTION_LOST'],
    ['lost', 'PATCH', 1, 'MESH_CONNECTION_LOST'],
    ['lost-late', 'GET', 1, 'MESH_CONNECTION_LOST'],
    ['shed', 'POST', 3, 'MESH_REMOTE_STATUS'],
    ['busy', 'GET', 3, 'MESH_REMOTE_STATUS'],
    ['busy', 'POST', 1, 'MESH_REMOTE_STATUS'],
    ['never', 'GET', 1, 'MESH_REMOTE_STATUS'],
    ['down', 'GET', 1, 'MESH_REMOTE_STATUS'],
    ['broken', 'GET', 1, 'MESH_REMOTE_STATUS'],
    ['missing', 'GET', 1, 'MESH_REMOTE_STATUS'],
  ])('%s, %s: runs %i times and ends as %s', async (path, method, times, code) => {
    const { pens, micro } = instances;
    const before = micro.counters();
    const name = { lost: 'getLost', 'lost-late': 'getLostLate', shed: 'getShed', busy: 'getBusy', never: 'getNever' }[path];
    const call = pens[name ?? `get${path[0]?.toUpperCase()}${path.slice(1)}`];
    const error = await failed(call.request({ method, body: method === 'GET' ? undefined : 'x' }));
    expect([error.code, runs.length, error.details.attempts]).toEqual([code, times, times]);
    const { calls, retries, retriesRefused, attemptsOverHttp } = micro.counters();
    expect([calls - before.calls, retries - before.retries, retriesRefused]).toEqual([1, times - 1, 0]);
    expect(attemptsOverHttp - before.attemptsOverHttp).toBe(times);
  });

  it('a POST with an idempotency key is repeated, on the other instance, and each retry is told', async () => {
    const { pens, micro } = instances;
    const told: RetryEvent[] = [];
    micro.on('retry', (retry) => told.push(retry));
    await failed(pens.getLost.request({ method: 'POST', body: 'x', idempotencyKey: 'k-1' }));
    expect(runs).toEqual(['POST /lost x', 'POST /lost x', 'POST /lost x']);
    expect(told.map(({ service, function: name, attempts, reason }) => [service, name, attempts, reason])).toEqual([
      ['pens', 'getLost', 1, 'lost'],
      ['pens', 'getLost', 2, 'lost'],
    ]);
    expect(told[0]?.instance).not.toBe(told[1]?.instance);
  });

  it('Retry-After is the least wait', async () => {
    const { pens } = instances;
    const startedAt = performance.now();
    await failed(pens.getMuch());
    expect(performance.now() - startedAt).toBeGreaterThan(1_990);
    expect(runs).toHaveLength(3);
  });
});

describe('a port that refuses', () => {
  const ended: (() => void)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0)) end();
    await stopAll();
  });

  const pens = (app: App) => {
    odd(app);
    app.post('/pens', (req, res) => void res.json(req.body));
  };

  async function withOneRefusing(): Promise<Instances> {
    const instances = await startInstances(2, pens);
    ended.push(await refuseConnections(instances.all[0] as Instances['all'][0]));
    runs = [];
    return instances;
  }

  it('fails no call of any method, and runs none twice', async () => {
    const { pens: service } = await withOneRefusing();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => service.createPen.request({ body: `${n}` })));
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
    expect(runs).toHaveLength(20);
  });

  it('a stream that was not begun is sent to the other one', async () => {
    const { pens: service } = await withOneRefusing();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        service.createPen.request({ body: Readable.from(['a', 'b']), headers: { 'content-type': 'text/plain' } }),
      ),
    );
    expect(answers.map(({ data }) => data)).toEqual(answers.map(() => 'ab'));
  });
});

describe('the options of retries', () => {
  afterEach(stopAll);

  it('lets none through where retry is false, and four where maxAttempts is 5', async () => {
    const off = await startInstances(1, odd, { retry: false, ejection: false });
    expect((await failed(off.pens.getLost())).details.attempts).toBe(1);
    const five = await startInstances(1, odd, { retry: { maxAttempts: 5 } });
    expect((await failed(five.pens.getLost())).details.attempts).toBe(5);
  });

  it('the budget ends the retries of a service that is down, with the error that there was, and says so', async () => {
    const { pens, micro } = await startInstances(2, odd, { retry: { budgetPercent: 10, budgetPerSecond: 1 } });
    const errors = await Promise.all(Array.from({ length: 100 }, () => failed(pens.getLost())));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['MESH_CONNECTION_LOST']));
    const { retries, retriesRefused } = micro.counters();
    expect(retries).toBe(20);
    expect(errors.filter(({ details }) => details.isRetryBudgetSpent === true)).toHaveLength(retriesRefused);
    expect(retriesRefused).toBeGreaterThan(50);
    expect(runs).toHaveLength(120);
  });
});
