import http from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as realDelay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createAuthority } from '../../../test/engines/openssl.ts';
import { expresses } from './fleet.test-support.ts';
import { JSON_TYPE, openShop, orderApp, outcome, PAYMENTS, TEN_SECONDS, testMesh } from './test-mesh.test-support.ts';

describe.each(expresses)('a test mesh over %s', (_name, express) => {
  const shop = (seed?: number) => openShop(express, seed);

  it('an app that called expressMicro() itself calls a stub, and is called from outside, and time stands still', async () => {
    const { mesh, orders, payments, pay } = await shop();
    expect(await pay()).toEqual({ value: { id: 'p-1', amount: 3 }, tookMs: 0 });
    const answer = await orders.fetch('/orders', { method: 'POST', headers: JSON_TYPE, body: '{"amount":4}' });
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'p-1', amount: 4 }]);
    expect(payments.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/payments', { amount: 3 }],
      ['POST', '/payments', { amount: 4 }],
    ]);
    expect(payments.requests[0]?.caller?.service).toBe('order-service');
    expect(mesh.clock.nowMs).toBe(0);
  });

  it('admission is the real one: who is no service is refused where services only may call', async () => {
    const { mesh, orders } = await shop();
    const shop2 = mesh.stub('shop');
    await mesh.ready();
    expect((await orders.fetch('/internal')).status).toBe(401);
    expect(await shop2.services.orderService.getInternal()).toMatchObject({ service: 'shop' });
  });

  it('a call made for a request ends with it: its deadline and its id travel on', async () => {
    const { mesh } = await shop();
    const web = mesh.stub('web');
    const seen: unknown[] = [];
    mesh.stub('audit', { 'POST /notes': ({ headers }) => void seen.push(headers['x-request-id']) });
    const app = express();
    const { services } = mesh.service('gateway', app, { log: false });
    app.get('/pay/:id', (_req, res, next) => {
      const noted = services.audit.createNote({ id: 1 });
      noted.then(() => services.paymentService.getPayment({ id: 1 })).then((paid: unknown) => res.json(paid), next);
    });
    await mesh.ready();
    mesh.faults.slow('payment-service', 5_000);
    const call = web.services.gateway.getPay({ id: 1 }, { timeoutMs: 1_000, headers: { 'x-request-id': 'the-one' } });
    expect(await outcome(mesh, call)).toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED', tookMs: 1_000 });
    await mesh.clock.advance(1);
    expect(mesh.history.filter((line) => line.includes('GET /payments/1  cancelled in 1000.000 ms'))).toHaveLength(1);
    expect(seen).toEqual(['the-one']);
  });

  it('options about a network that is not there do not keep an app out', async () => {
    const mesh = testMesh();
    const { ca, issue } = createAuthority();
    const { app } = orderApp(express, {
      peers: ['http://192.0.2.7:3000'],
      host: 'orders.example.com',
      port: 1,
      ipWhitelist: ['192.0.2.9'],
      tls: { ca, ...issue('URI:spiffe://shop.example/order-service'), trustDomain: 'shop.example' },
      closeOnSigterm: true,
    });
    const before = process.listenerCount('SIGTERM');
    mesh.service('order-service', app);
    const web = mesh.stub('web');
    await mesh.ready();
    expect(await web.services.orderService.getInternal()).toMatchObject({ service: 'web' });
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it('ejection: an instance that fails is left alone until its time is over', async () => {
    const { mesh, orders, payments } = await shop();
    const second = mesh.stub('payment-service', PAYMENTS);
    await mesh.ready();
    mesh.faults.fail(payments, { status: 500 });
    for (let i = 0; i < 80; i++) await orders.services.paymentService.getPayment({ id: i }).catch(() => {});
    const asked = () => mesh.history.filter((line) => line.includes(payments.name)).length;
    const before = asked();
    expect(second.requests.length).toBeGreaterThan(20);
    for (let i = 0; i < 20; i++) await orders.services.paymentService.getPayment({ id: i });
    expect(asked()).toBe(before);
    mesh.faults.heal();
    await mesh.clock.advance(120_000);
    for (let i = 0; i < 20; i++) await orders.services.paymentService.getPayment({ id: i });
    expect(asked()).toBeGreaterThan(before);
  });

  it('the same seed gives the same history, to the byte, and another seed another', async () => {
    async function history(seed: number): Promise<string> {
      const { mesh, orders } = await shop(seed);
      mesh.stub('payment-service', PAYMENTS);
      await mesh.ready();
      mesh.faults.lose('payment-service', { rate: 0.3 });
      mesh.faults.slow('payment-service', [1, 500]);
      for (let i = 0; i < 5; i++)
        await Promise.all(Array.from({ length: 6 }, (_, id) => orders.fetch(`/orders/${id}`).then((answer) => answer.text())));
      await mesh.close();
      return mesh.history.join('\n');
    }
    const first = await history(7);
    expect(first).toContain('lost');
    expect(first.length).toBeGreaterThan(3_000);
    expect(await history(7)).toBe(first);
    expect(await history(8)).not.toBe(first);
  });

  it('a handler that does real work is not late, and one that hangs is, in the time of the world', async () => {
    const mesh = testMesh();
    const app = express();
    app.get('/works', (_req, res) => void realDelay(300).then(() => res.json('done')));
    app.get('/hangs', () => {});
    mesh.service('worker', app, { log: false, timeoutMs: 5_000 });
    const web = mesh.stub('web');
    await mesh.ready();
    expect(await outcome(mesh, web.services.worker.getWorks({}, { timeoutMs: 5_000 }))).toMatchObject({ value: 'done' });
    const hanging = await outcome(mesh, web.services.worker.getHangs({}, { timeoutMs: 200 }));
    expect(hanging).toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
    const later = web.services.worker.getHangs().catch((error: { code: string }) => error.code);
    await mesh.clock.advance(TEN_SECONDS);
    expect(await later).toBe('MESH_DEADLINE_EXCEEDED');
  });

  it('a handler that waits for what another request does hangs nobody', async () => {
    const mesh = testMesh();
    const app = express();
    const { micro } = mesh.service('cache', app, { log: false });
    let shared: Promise<unknown> | undefined;
    app.get('/rates', (_req, res, next) => {
      shared ??= micro.services.bank.getRates() as Promise<unknown>;
      shared.then((rates) => res.json(rates), next);
    });
    mesh.stub('bank', { 'GET /rates': { eur: 1 } });
    const web = mesh.stub('web');
    await mesh.ready();
    mesh.faults.slow('bank', 100);
    const both = [web.services.cache.getRates(), web.services.cache.getRates()];
    expect(await Promise.all(both)).toEqual([{ eur: 1 }, { eur: 1 }]);
  });

  it('the caller going away, and its time, reach the handler', async () => {
    const mesh = testMesh();
    const app = express();
    const ended: string[] = [];
    app.get('/long', (req, _res) => {
      const { signal } = req as unknown as { signal: AbortSignal };
      signal.addEventListener('abort', () => ended.push((signal.reason as { code: string }).code));
    });
    app.get('/left', (req, res) => void res.json((req as { deadline?: { remainingMs: number } }).deadline?.remainingMs));
    const long = mesh.service('long', app, { log: false });
    const web = mesh.stub('web');
    await mesh.ready();
    expect(await web.services.long.getLeft({}, { timeoutMs: 1_234 })).toBe(1_234);
    const leaving = new AbortController();
    const call = web.services.long.getLong({}, { signal: leaving.signal }).catch((error: { code: string }) => error.code);
    const outside = new AbortController();
    const asked = long.fetch('/long', { signal: outside.signal }).catch((error: Error) => error.name);
    await mesh.clock.advance(5);
    leaving.abort();
    outside.abort();
    expect([await call, await asked]).toEqual(['MESH_CANCELLED', 'AbortError']);
    await mesh.clock.advance(5);
    expect(ended).toEqual(['MESH_CANCELLED', 'MESH_CANCELLED']);
  });

  it('streams go both ways, and break off when a process ends', async () => {
    const mesh = testMesh();
    const app = express();
    app.post('/echo', (req, res) => void (req as unknown as Readable).pipe(res as never));
    app.get('/endless', (_req, res) => void (res as unknown as http.ServerResponse).write('first'));
    mesh.service('files', app, { log: false });
    const web = mesh.stub('web');
    await mesh.ready();
    const { body } = await web.services.files.createEcho.stream({ body: Readable.from(['a', 'b', 'c']) });
    expect(Buffer.concat(await body.toArray()).toString()).toBe('abc');
    const endless = await web.services.files.getEndless.stream();
    const read = (async () => {
      for await (const chunk of endless.body) {
        expect(String(chunk)).toBe('first');
        mesh.faults.crash('files');
      }
    })();
    await expect(read).rejects.toMatchObject({ code: 'MESH_CONNECTION_LOST' });
  });

  it('with fake timers of the test, and signed calls', async () => {
    vi.useFakeTimers();
    try {
      const mesh = testMesh();
      const { app } = orderApp(express, { enableHmac: true });
      const orders = mesh.service('order-service', app);
      const payments = express();
      payments.get('/payments/:id', (req, res) => {
        setTimeout(() => res.json({ id: req.params.id }), 30_000);
      });
      mesh.service('payment-service', payments, { enableHmac: true, log: false });
      await mesh.ready();
      payments.get('/rates', (_req, res) => void res.json({ eur: 1 }));
      expect(await orders.services.paymentService.getRates()).toEqual({ eur: 1 });
      await mesh.clock.advance(TEN_SECONDS);
      expect(await orders.services.paymentService.getRates({}, { timeoutMs: 1_000 })).toEqual({ eur: 1 });
      const answer = orders.services.paymentService.getPayment({ id: 1 }, { timeoutMs: 60_000 });
      await mesh.clock.advance(1);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await answer).toEqual({ id: '1' });
      await mesh.clock.advance(60_000);
      const again = orders.services.paymentService.getPayment({ id: 2 }).catch((error: { code: string }) => error.code);
      await mesh.clock.advance(TEN_SECONDS);
      expect(await again).toBe('MESH_DEADLINE_EXCEEDED');
    } finally {
      vi.useRealTimers();
    }
  });

  it('listens on no port', async () => {
    const listen = vi.spyOn(http.Server.prototype, 'listen');
    const { pay } = await shop();
    await pay();
    expect(listen).not.toHaveBeenCalled();
  });
});
