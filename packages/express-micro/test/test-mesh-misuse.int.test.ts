import express from 'express';
import { describe, expect, it } from 'vitest';
import expressMicro from '../src/index.ts';
import { openStage } from '../src/stage.ts';
import { createTestMesh } from '../src/testing/index.ts';
import { orderApp, PAYMENTS, testMesh } from './test-mesh.test-support.ts';

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'MESH_OPTION_INVALID', message: expect.stringMatching(message) });

describe('an app in one test mesh after another', () => {
  it('keeps its services and middleware, and nothing of what has happened', async () => {
    const { app, micro } = orderApp(express);
    const heard: string[] = [];
    const stop = micro.on('up', (service) => heard.push(service));
    const ids: string[] = [];
    for (const seed of [1, 2]) {
      const mesh = createTestMesh({ seed });
      const orders = mesh.service('order-service', app);
      mesh.stub('payment-service', PAYMENTS);
      await mesh.ready();
      const post = {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        body: '{"amount":1}',
      };
      expect((await orders.fetch('/orders', post)).headers.get('idempotency-replayed')).toBeNull();
      expect(await micro.services.paymentService.getPayment({ id: 5 })).toEqual({ id: '5' });
      expect(micro.counters().calls).toBe(2);
      expect(micro.isReady()).toBe(true);
      expect(micro.routes().map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
      ids.push(...micro.instances('payment-service').map(({ id }) => id));
      await mesh.close();
    }
    expect(new Set(ids).size).toBe(2);
    expect(heard).toEqual(['payment-service', 'payment-service']);
    stop();
  });

  it('between two of them it serves as if it were alone, and its calls say what is missing', async () => {
    const { app, micro } = orderApp(express);
    expect(micro.isReady()).toBe(false);
    expect(Object.keys(micro.services)).toEqual([]);
    await expect(micro.services.paymentService.getPayment({ id: 1 })).rejects.toMatchObject({
      code: 'MESH_CLOSED',
      message: expect.stringContaining('createTestMesh().service("order-service", app)'),
    });
    await expect(micro.ready()).rejects.toMatchObject({ code: 'MESH_CLOSED' });
    const mesh = createTestMesh();
    mesh.service('order-service', app);
    await mesh.close();
    await expect(micro.services.paymentService.getPayment({ id: 1 })).rejects.toMatchObject({ code: 'MESH_CLOSED' });
  });

  it('a handler that is still running when its mesh is closed ends with an error, and a second close waits for the first', async () => {
    const { app } = orderApp(express);
    const mesh = createTestMesh();
    const orders = mesh.service('order-service', app);
    mesh.stub('payment-service', { 'GET /payments/:id': () => new Promise<never>(() => {}) });
    await mesh.ready();
    const asked = orders.fetch('/orders/1').then(
      () => 'answered',
      (error: Error) => error.message,
    );
    const called = orders.services.paymentService.getPayment({ id: 1 }).catch((error: { code: string }) => error.code);
    await mesh.clock.advance(1);
    await Promise.all([mesh.close(), mesh.close()]);
    expect(await asked).toBe('fetch failed');
    expect(await called).toMatch(/^MESH_/);
    expect(() => mesh.service('order-service', app)).toThrow(expect.objectContaining({ code: 'MESH_CLOSED' }));
    expect(() => mesh.stub('x')).toThrow(expect.objectContaining({ code: 'MESH_CLOSED' }));
    await expect(mesh.ready()).rejects.toMatchObject({ code: 'MESH_CLOSED' });
  });
});

describe('an app that leaves by its own close()', () => {
  it('is called no more, waited for no more, and comes back with a restart', async () => {
    const mesh = testMesh();
    const { app, micro } = orderApp(express);
    const orders = mesh.service('order-service', app);
    const web = mesh.stub('web');
    await mesh.ready();
    const look = () => web.services.orderService.getOrder({ id: 1 }).catch(({ code }: { code: string }) => code);
    await micro.close();
    expect(micro.isReady()).toBe(false);
    await mesh.ready();
    expect(await look()).toBe('MESH_SERVICE_UNAVAILABLE');
    await expect(orders.fetch('/orders/1')).rejects.toThrow('fetch failed');
    await mesh.faults.restart('order-service');
    expect(await look()).toBe('MESH_REMOTE_STATUS');
    expect((await orders.fetch('/orders/1')).status).toBe(503);
  });
});

describe('a request from outside that nobody answers', () => {
  it('lets no time pass, and ends with the mesh', async () => {
    const mesh = createTestMesh();
    const stub = mesh.stub('web', { 'GET /a': 1 });
    await mesh.ready();
    mesh.faults.pause('web');
    const asked = stub.fetch('/a').catch((error: Error) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(mesh.clock.nowMs).toBe(0);
    await mesh.close();
    expect(await asked).toBe('fetch failed');
  });
});

describe('misuse of a test mesh', () => {
  it('is found where it happens, and the message says what is taken', async () => {
    const mesh = testMesh();
    const { app } = orderApp(express);
    expect(() => createTestMesh({ seed: 1.5 })).toThrow(invalid(/"seed" of createTestMesh\(\) got 1\.5/));
    expect(() => createTestMesh({ sede: 1 } as never)).toThrow(invalid(/Unknown option "sede"/));
    expect(() => mesh.service('payment-service', app)).toThrow(invalid(/calls itself "order-service"/));
    expect(() => mesh.service('order-service', app, { timeoutMs: 1 })).toThrow(invalid(/options for an app that has some/));
    expect(() => mesh.service('a b', express())).toThrow(invalid(/"serviceName" of service\(\)/));
    expect(() => mesh.service(undefined as never, express())).toThrow(invalid(/name of a service first/));
    expect(() => mesh.service('x', {} as never)).toThrow(invalid(/takes an Express app/));
    expect(() => mesh.stub('x', { 'FETCH /a': 1 })).toThrow(invalid(/"FETCH \/a"/));
    mesh.service('order-service', app);
    expect(() => testMesh().service('order-service', app)).toThrow(invalid(/plays order-service#1 already/));
    expect(() => expressMicro(app)).toThrow(invalid(/called twice/));
  });

  it('a fault of nobody is an error, and so is one that makes no sense', async () => {
    const mesh = testMesh();
    mesh.stub('payments', PAYMENTS);
    const { faults } = mesh;
    expect(() => faults.down('payment')).toThrow(invalid(/no "payment" in this test mesh. There are: payments, payments#1/));
    expect(() => faults.cut('payments', 'orders')).toThrow(invalid(/no "orders"/));
    expect(() => faults.slow('payments', -1)).toThrow(invalid(/"delayMs" of slow\(\)/));
    expect(() => faults.slow('payments', [5, 1])).toThrow(invalid(/"delayMs"/));
    expect(() => faults.fail('payments', { status: 200 })).toThrow(invalid(/"status" of fail\(\)/));
    expect(() => faults.fail('payments', { rate: 2 })).toThrow(invalid(/"rate" of fail\(\)/));
    expect(() => faults.fail('payments', { times: -1 })).toThrow(invalid(/"times" of fail\(\)/));
    expect(() => faults.lose('payments', { what: 'all' as never })).toThrow(invalid(/"what" of lose\(\)/));
    await expect(mesh.clock.advance(Number.NaN)).rejects.toEqual(invalid(/advance\(\) got NaN/));
    await expect(faults.restart('nobody')).rejects.toEqual(invalid(/no "nobody"/));
  });

  it('an app that joined the real mesh before is told from one that did not', async () => {
    openStage(undefined as never);
    const app = express();
    process.env.EXPRESS_DISCOVERY_KEY = 'the-secret-of-this-test';
    const micro = expressMicro(app, { serviceName: 'early', log: false });
    try {
      expect(() => testMesh().service('early', app)).toThrow(invalid(/before express-micro\/testing was loaded/));
    } finally {
      await micro.close();
    }
  });
});

describe('a stub', () => {
  it('answers values, functions, responses, and 404 for what it does not have', async () => {
    const mesh = testMesh();
    const bank = mesh.stub('bank', {
      'GET /rates': { eur: 1 },
      'GET /rates/:from/:to': ({ params, query }) => ({ ...params, ...query }),
      'POST /transfers': ({ body }) =>
        body.amount > 100 ? Response.json({ error: 'too much' }, { status: 402, headers: { 'x-limit': '100' } }) : undefined,
      'PUT /notes': ({ body }) => ({ text: body }),
      'DELETE /broken': () => {
        throw new Error('the stub has a mistake');
      },
    });
    const web = mesh.stub('web');
    await mesh.ready();
    const { services } = web;
    expect(await services.bank.getRates()).toEqual({ eur: 1 });
    expect(await bank.fetch('/rates/e%20u/usd?at=now').then((answer) => answer.json())).toEqual({
      from: 'e u',
      to: 'usd',
      at: 'now',
    });
    expect(await services.bank.createTransfer.request({ body: { amount: 1 } })).toMatchObject({ status: 204 });
    const tooMuch = services.bank.createTransfer({ amount: 101 });
    await expect(tooMuch).rejects.toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 402, data: { error: 'too much' } });
    expect((await bank.fetch('/notes', { method: 'PUT', body: 'a text' })).ok).toBe(true);
    expect(bank.requests.at(-1)).toMatchObject({ body: 'a text', caller: undefined });
    await expect(services.bank.deleteBroken()).rejects.toMatchObject({
      status: 500,
      data: { error: 'The stub failed: the stub has a mistake' },
    });
    expect((await bank.fetch('/nothing')).status).toBe(404);
    expect((await bank.fetch('/rates/%zz/usd')).status).toBe(500);
    expect((await bank.fetch('/rates', { method: 'HEAD' })).status).toBe(200);
  });
});
