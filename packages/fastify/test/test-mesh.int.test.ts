import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import fastifyMicro, { type FastifyMicroOptions } from '../src/index.ts';
import { openStage } from '../src/stage.ts';
// It stands for two imports: users have it by its own name, and before the modules of their apps.
import { createTestMesh, type TestMesh } from '../src/testing/index.ts';

const open: TestMesh[] = [];
const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((mesh) => mesh.close()));
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

function testMesh(seed = 1): TestMesh {
  const mesh = createTestMesh({ seed });
  open.push(mesh);
  return mesh;
}

function made(): FastifyInstance {
  const app = Fastify();
  apps.push(app);
  return app;
}

const PAYMENTS = {
  'GET /payments/:id': (req: { params: Readonly<Record<string, string>> }) => ({ id: req.params.id }),
  'POST /payments': (req: { body: { amount: number } }) => ({ id: 'p-1', amount: req.body.amount }),
};
const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'MESH_OPTION_INVALID', message: expect.stringMatching(message) });

/** An order service as users write it: it knows of no test. */
async function orderApp(options: FastifyMicroOptions = {}): Promise<FastifyInstance> {
  const app = made();
  await app.register(fastifyMicro, { serviceName: 'order-service', log: false, ...options });
  app.get<{ Params: { id: string } }>('/orders/:id', async ({ params }) => app.micro.services.paymentService.getPayment(params));
  app.post<{ Body: { amount: number } }>('/orders', { onRequest: app.micro.idempotent() }, async ({ body }, reply) =>
    reply.code(201).send(await app.micro.services.paymentService.createPayment({ amount: body.amount })),
  );
  app.get('/internal', { onRequest: app.micro.internal() }, async (request) => app.micro.caller(request));
  app.get('/health/ready', app.micro.readiness());
  return app;
}

async function openShop(seed = 1) {
  const mesh = testMesh(seed);
  const app = await orderApp();
  const orders = await mesh.service('order-service', app);
  const payments = mesh.stub('payment-service', PAYMENTS);
  await mesh.ready();
  const order = (amount: number, headers = {}) =>
    orders.fetch('/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ amount }),
    });
  return { mesh, app, orders, payments, order };
}

describe('a test mesh with Fastify apps', () => {
  it('one that registered the plugin itself calls a stub, is called from outside, and opens no port', async () => {
    const { mesh, app, orders, payments, order } = await openShop();
    expect(await orders.services.paymentService.createPayment({ amount: 3 })).toEqual({ id: 'p-1', amount: 3 });
    const answer = await order(4);
    expect([answer.status, await answer.json()]).toEqual([201, { id: 'p-1', amount: 4 }]);
    expect(payments.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/payments', { amount: 3 }],
      ['POST', '/payments', { amount: 4 }],
    ]);
    expect(payments.requests[1]?.caller?.service).toBe('order-service');
    expect([mesh.clock.nowMs, app.server.listening, orders.micro === app.micro]).toEqual([0, false, true]);
    expect((await orders.fetch('/health/ready')).status).toBe(200);
  });

  it('admission is the real one, and inject() sees what clients see', async () => {
    const { mesh, app, orders } = await openShop();
    const shop = mesh.stub('shop');
    await mesh.ready();
    expect((await orders.fetch('/internal')).status).toBe(401);
    expect((await app.inject('/internal')).statusCode).toBe(401);
    expect(await shop.services['order-service'].getInternal()).toMatchObject({ service: 'shop' });
    expect((await app.inject('/orders/7')).json()).toEqual({ id: '7' });
  });

  it('a fault of the one that is called is answered with its status, and time costs nothing', async () => {
    const { mesh, order, payments } = await openShop();
    mesh.faults.down('payment-service');
    const down = await order(30);
    expect([down.status, Object.keys((await down.json()) as object)]).toEqual([503, ['error', 'code', 'requestId']]);
    mesh.faults.heal();
    mesh.faults.slow('payment-service', 60_000);
    const beganAtMs = mesh.clock.nowMs;
    expect((await order(30)).status).toBe(504);
    expect(mesh.clock.nowMs - beganAtMs).toBe(10_000);
    mesh.faults.heal();
    mesh.faults.crash(payments);
    expect((await order(30)).status).toBe(503);
    await mesh.faults.restart('payment-service');
    expect((await order(30)).status).toBe(201);
  });

  it('a request has its deadline, its signal and its id, and a call that is made for it ends with it', async () => {
    const mesh = testMesh();
    const app = made();
    const seen: unknown[] = [];
    app.get('/left', async (request) => ({ left: request.deadline?.remainingMs, id: request.id }));
    app.get('/long', (request) => {
      request.signal.addEventListener('abort', () => seen.push((request.signal.reason as { code: string }).code));
      return new Promise(() => {});
    });
    app.get('/pay', async () => app.micro.services.paymentService.getPayment({ id: 1 }));
    await mesh.service('gateway', app, { log: false });
    mesh.stub('payment-service', PAYMENTS);
    const web = mesh.stub('web');
    await mesh.ready();
    const { gateway } = web.services;
    const headers = { 'x-request-id': 'the-one' };
    expect(await gateway.getLeft({}, { timeoutMs: 1_234, headers })).toEqual({ left: 1_234, id: 'the-one' });
    mesh.faults.slow('payment-service', 5_000);
    await expect(gateway.getPay({}, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
    expect(mesh.clock.nowMs).toBe(1_000);
    await mesh.clock.advance(1);
    expect(mesh.history.some((line) => line.includes('GET /payments/1  cancelled in 1000.000 ms'))).toBe(true);
    const leaving = new AbortController();
    const left = gateway.getLong({}, { signal: leaving.signal }).catch((error: { code: string }) => error.code);
    await mesh.clock.advance(5);
    leaving.abort();
    expect(await left).toBe('MESH_CANCELLED');
    await mesh.clock.advance(5);
    expect(seen).toEqual(['MESH_CANCELLED']);
  });

  it('the same seed gives the same history, to the byte, and another seed another', async () => {
    async function history(seed: number): Promise<string> {
      const { mesh, orders } = await openShop(seed);
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

  it('an app plays in one mesh after another, and nothing is carried over', async () => {
    const app = await orderApp();
    expect((await app.inject('/orders/1')).statusCode).toBe(500);
    await expect(app.micro.ready()).rejects.toMatchObject({
      code: 'MESH_CLOSED',
      message: expect.stringContaining('createTestMesh().service("order-service", app)'),
    });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
    const replays: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      const mesh = testMesh();
      const orders = await mesh.service('order-service', app);
      mesh.stub('payment-service', PAYMENTS);
      await mesh.ready();
      for (let twice = 0; twice < 2; twice++) {
        const { headers: answered } = await orders.fetch('/orders', { method: 'POST', headers, body: '{"amount":1}' });
        replays.push(answered.get('idempotency-replayed'));
      }
      await mesh.close();
    }
    expect(replays).toEqual([null, 'true', null, 'true']);
  });

  it('an app that closes leaves, and its hooks run', async () => {
    const { mesh, app } = await openShop();
    const web = mesh.stub('web');
    await mesh.ready();
    const left = new Promise<string>((resolve) => void app.micro.on('drain', (phase) => resolve(String(phase))));
    await app.close();
    expect(await left).toBeDefined();
    expect(app.micro.isReady()).toBe(false);
    await expect(web.services['order-service'].getOrder({ id: 1 })).rejects.toMatchObject({ code: 'MESH_SERVICE_UNAVAILABLE' });
  });
});

describe('a Fastify app in a test', () => {
  it('is waited for, whatever it loads, and is one whatever context is given', async () => {
    const mesh = testMesh();
    const app = made();
    let child: FastifyInstance | undefined;
    app.register(fastifyMicro, { serviceName: 'late', log: false });
    app.register(async (context) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      child = context;
      context.get('/deep', async () => 'deep');
    });
    const late = await mesh.service('late', app);
    expect(await (await late.fetch('/deep')).text()).toBe('deep');
    await expect(mesh.service('late', child as FastifyInstance)).rejects.toEqual(invalid(/plays late#1 already/));
  });

  it('that cannot be loaded says why', async () => {
    const app = made();
    app.register(async () => {
      throw new Error('no database');
    });
    await expect(testMesh().service('broken', app)).rejects.toThrow('no database');
  });

  it('used wrongly is an error that says what to do', async () => {
    const mesh = testMesh();
    const app = await orderApp();
    await expect(mesh.service('payment-service', app)).rejects.toEqual(invalid(/calls itself "order-service"/));
    await expect(mesh.service('order-service', app, { timeoutMs: 1 })).rejects.toEqual(
      invalid(/options for an app that has some/),
    );
    await expect(mesh.service('order-service', {} as never)).rejects.toEqual(invalid(/takes a Fastify app/));
    await expect(mesh.service('a b', made())).rejects.toEqual(invalid(/"serviceName" of service\(\)/));
    const ready = made();
    await ready.ready();
    await expect(mesh.service('ready', ready)).rejects.toEqual(invalid(/takes no plugins any more/));
    const both = await Promise.allSettled([mesh.service('order-service', app), mesh.service('order-service', app)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await mesh.close();
    await expect(mesh.service('x', made())).rejects.toMatchObject({ code: 'MESH_CLOSED' });
  });

  it('that joined the real mesh before is told from one that did not', async () => {
    openStage(undefined as never);
    process.env.EXPRESS_DISCOVERY_KEY = 'the-secret-of-this-test';
    const app = made();
    await app.register(fastifyMicro, { serviceName: 'early', log: false });
    await expect(testMesh().service('early', app)).rejects.toEqual(invalid(/before @express-micro\/fastify\/testing was loaded/));
  });
});
