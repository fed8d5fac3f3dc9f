import { inspect } from 'node:util';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declareName, isMicroError, type MeshError, type Micro } from '../src/index.ts';
import { type App, expresses, onExpress, rawRequest, type Service, startService, stopAll } from './fleet.test-support.ts';

function orderRoutes(app: App): void {
  app.use(express.json());
  app.get(
    '/orders/:userId',
    (req, res) => void res.json({ userId: req.params.userId, query: req.query, id: req.get('x-request-id') }),
  );
  app.post(
    '/orders',
    (req, res) =>
      void res.status(201).json({ created: req.body, type: req.get('content-type'), key: req.get('idempotency-key') }),
  );
  app.put('/orders/:id', (req, res) => void res.json({ id: req.params.id, put: req.body }));
  app.delete('/orders/:id', (_req, res) => void res.status(204).end());
  app.get('/teapot', (_req, res) => void res.status(418).json({ reason: 'short and stout' }));
  app.get('/broken', (_req, res) => void res.status(500).send('inner text'));
  app.get(
    '/found',
    declareName((_req, res) => void res.json('by contract'), 'findAnything'),
  );
  app.get('/parrots/me', (_req, res) => void res.json('the wrong route'));
  app.get('/parrots/:word', (req, res) => void res.json({ word: req.params.word }));
  app.get('/slow', () => {});
  app.get('/text', (_req, res) => void res.type('text/plain').send('plain'));
  app.get('/bytes', (_req, res) => void res.type('application/octet-stream').send(Buffer.from([1, 2, 3])));
  app.get('/lies', (_req, res) => void res.type('application/json').send('{"half":'));
  app.get('/cut', (req) => void req.socket.destroy());
  app.get('/echo', function sayHello(req, res) {
    res.json({ hello: req.query.name, language: req.get('accept-language'), trace: req.get('traceparent') });
  });
  app.get('/large', (_req, res) => {
    res.type('text/plain');
    for (let i = 0; i < 64; i++) res.write('x'.repeat(16_384));
    res.end();
  });
}

describe.each(expresses)('calls to %s', (_name, expressOf) => {
  let orders: Service;
  let users: Service;
  let services: Micro['services'];

  beforeAll(async () => {
    orders = await startService('order-service', orderRoutes, { express: expressOf });
    users = await startService(
      'user-service',
      (app, micro) => {
        app.get('/users/:id', (req, res) => void res.json({ id: req.params.id }));
        app.get('/self/:id', async (req, res) => void res.json(await micro.services.userService.getUser({ id: req.params.id })));
      },
      { express: expressOf, peers: [orders.url] },
    );
    await users.micro.ready();
    await orders.micro.ready({ services: ['user-service'] });
    services = users.micro.services;
  });
  afterAll(stopAll);

  it('E6, E7: a remote route is a function; path parameters first, the rest is the query', async () => {
    const answer = await services.orderService.getOrders({ userId: 123, page: 2, tag: ['a', 'b'] });
    expect(answer).toMatchObject({ userId: '123', query: { page: '2', tag: ['a', 'b'] } });
  });

  it('E7: POST and PUT carry the rest as JSON', async () => {
    expect(await services.orderService.createOrder({ item: 'pen', lines: [{ n: 1 }] })).toMatchObject({
      created: { item: 'pen', lines: [{ n: 1 }] },
      type: 'application/json',
    });
    expect(await services.orderService.updateOrder({ id: 7, item: 'ink' })).toEqual({ id: '7', put: { item: 'ink' } });
  });

  it('E5: any spelling finds the service, the exact name always', async () => {
    for (const name of ['orderService', 'order-service', 'order_service']) {
      expect(await services[name].getOrder({ userId: 1 })).toMatchObject({ userId: '1' });
    }
  });

  it('E6: the own name of a handler comes before the derived one, and both answer', async () => {
    expect(await services.orderService.sayHello({ name: 'Ada' })).toMatchObject({ hello: 'Ada' });
    expect(await services.orderService.getEcho({ name: 'Bob' })).toMatchObject({ hello: 'Bob' });
  });

  it('E6: a declared name comes before all', async () => {
    expect(await services.orderService.findAnything()).toBe('by contract');
  });

  it('E9: a service calls itself', async () => {
    expect(JSON.parse((await rawRequest(`${users.url}/self/5`)).body)).toEqual({ id: '5' });
  });

  it('the explicit form takes everything apart and gives the whole response', async () => {
    const response = await services.orderService.getOrders.request({
      params: { userId: 1 },
      query: { userId: 2 },
      headers: { 'x-extra': '1' },
    });
    expect(response).toMatchObject({ status: 200, data: { userId: '1', query: { userId: '2' } } });
    expect(response.headers['content-type']).toContain('application/json');
    expect(response.instance).toBe(users.micro.instances('order-service')[0]?.id);
  });

  it('the stream form gives the body as it comes', async () => {
    const { status, body } = await services.orderService.getLarge.stream();
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    expect([status, bytes]).toEqual([200, 64 * 16_384]);
  });

  it('answers are what their type says: nothing, text, bytes', async () => {
    expect(await services.orderService.deleteOrder({ id: 1 })).toBeUndefined();
    expect(await services.orderService.getText()).toBe('plain');
    expect(await services.orderService.getBytes()).toEqual(Buffer.from([1, 2, 3]));
  });

  it('options of a call: headers, idempotency key, one instance', async () => {
    const [instance] = users.micro.instances('order-service');
    expect(await services.orderService.getEcho({ name: 'x' }, { headers: { 'accept-language': 'de' } })).toMatchObject({
      language: 'de',
    });
    expect(await services.orderService.createOrder({}, { idempotencyKey: 'k-1', instance: instance?.id })).toMatchObject({
      key: 'k-1',
    });
    await expect(services.orderService.getEcho({}, { instance: 'f'.repeat(32) })).rejects.toMatchObject({
      code: 'MESH_SERVICE_UNAVAILABLE',
    });
  });

  it('E10: a remote 4xx or 5xx throws with everything that is known, and marks nobody down', async () => {
    const error = (await services.orderService.getTeapot().catch((e: unknown) => e)) as MeshError;
    expect(isMicroError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'MESH_REMOTE_STATUS',
      kind: 'invalid_argument',
      status: 418,
      statusCode: 418,
      expose: false,
      data: { reason: 'short and stout' },
      service: 'order-service',
      function: 'getTeapot',
      instance: users.micro.instances('order-service')[0]?.id,
    });
    expect(error.message).toContain('418');
    expect(error.requestId).toMatch(/^[\w.-]{1,128}$/);
    await expect(services.orderService.getBroken()).rejects.toMatchObject({ status: 500, data: 'inner text' });
    expect(users.micro.instances('order-service')[0]?.status).toBe('UP');
  });

  it('E10: an unknown service or function says what exists and what is nearest', async () => {
    const service = (await services.orderServic.getOrders().catch((e: unknown) => e)) as MeshError;
    expect(service).toMatchObject({ code: 'MESH_SERVICE_UNAVAILABLE', status: 503 });
    expect(service.message).toMatch(/^Service Unavailable: orderServic .*Did you mean "orderService"\?.*order-service/);
    const route = (await services.orderService.getOrderz().catch((e: unknown) => e)) as MeshError;
    expect(route).toMatchObject({ code: 'MESH_FUNCTION_NOT_FOUND' });
    expect(route.message).toMatch(/^Route Not Found: getOrderz on order-service\. Did you mean "getOrder/);
    expect(route.message).toContain('createOrder');
  });

  it('E7: what is missing or hostile is an error before anything is sent', async () => {
    await expect(services.orderService.getOrders({ page: 1 })).rejects.toMatchObject({ code: 'MESH_ARGUMENT_INVALID' });
    for (const userId of ['..', '.', '', 'a/b', 'a\\b', 'a\nb', null, {}, [], Number.NaN]) {
      await expect(services.orderService.getOrders({ userId }), JSON.stringify(userId)).rejects.toMatchObject({
        code: 'MESH_ARGUMENT_INVALID',
        status: 400,
      });
    }
    await expect(services.orderService.getOrders({ userId: 1, deep: { a: 1 } })).rejects.toThrow(/request\(/);
    await expect(services.orderService.getOrders({ userId: 1 }, { timeOut: 1 })).rejects.toThrow(/timeOut/);
    await expect(services.orderService.getOrders({ userId: 1 }, { timeoutMs: -1 })).rejects.toThrow(/timeoutMs/);
  });

  it('E7: 240 hostile parameters are refused before anything is sent, or arrive exactly as they were given', async () => {
    const pieces = [
      '..',
      '.',
      '/',
      '\\',
      '%2e%2e',
      '%2f',
      '%00',
      '\0',
      '\n',
      '\r\n',
      ' ',
      '?a=b',
      '#x',
      ';v=1',
      '&',
      '=',
      '+',
      "'",
      '"',
      '<script>',
      '#{x}',
      '{{x}}',
      '*',
      ':id',
      '(',
      '[',
      '|',
      '^',
      'ä',
      '漢',
      '😀',
      '\ud800',
      '\u202e',
      '@',
      '~',
      'x'.repeat(2_000),
      '__proto__',
      'constructor',
      'me',
      '%',
    ];
    const values = pieces.flatMap((piece) => [
      piece,
      `a${piece}`,
      `${piece}b`,
      `a${piece}b`,
      `${piece}${piece}`,
      `${piece}/../${piece}`,
    ]);
    expect(values.length).toBeGreaterThanOrEqual(200);
    let refused = 0;
    for (const value of values) {
      const answer = await services.orderService.getParrot({ word: value }).catch((error: MeshError) => error);
      if (isMicroError(answer)) {
        expect([value, answer.code]).toEqual([value, 'MESH_ARGUMENT_INVALID']);
        refused += 1;
      } else expect(answer).toEqual({ word: value });
    }
    expect(refused).toBeGreaterThan(50);
    expect(refused).toBeLessThan(values.length - 50);
  });

  it('a slow answer ends at the deadline, an aborted call at once', async () => {
    await expect(services.orderService.getSlow({}, { timeoutMs: 60 })).rejects.toMatchObject({
      code: 'MESH_DEADLINE_EXCEEDED',
      status: 504,
    });
    const abort = new AbortController();
    const call = services.orderService.getSlow({}, { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'MESH_CANCELLED' });
    await expect(services.orderService.getSlow({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'MESH_CANCELLED',
    });
  });

  it('a connection that is cut and an answer that is no JSON are errors of their own', async () => {
    await expect(services.orderService.getCut()).rejects.toMatchObject({
      code: 'MESH_CONNECTION_LOST',
      status: 503,
      retryable: false,
    });
    await expect(services.orderService.getLies()).rejects.toMatchObject({ code: 'MESH_RESPONSE_INVALID' });
  });

  it('the proxy is safe to await, log, serialise, compare and list, and is the same each time', async () => {
    expect(await services).toBe(services);
    expect(await services.orderService).toBe(services.orderService);
    expect(services.orderService.getOrders).toBe(services.orderService.getOrders);
    expect(Object.keys(services)).toEqual(['orderService', 'userService']);
    expect(Object.keys(services.orderService)).toContain('getOrders');
    expect('orderService' in services).toBe(true);
    expect('nobody' in services).toBe(false);
    expect(inspect(services)).toContain('orderService');
    expect(`${services.orderService}`).toContain('orderService');
    expect(JSON.stringify(services)).toBe('{"orderService":{},"userService":{}}');
    expect(services.then).toBeUndefined();
    expect(services.orderService.constructor).toBeUndefined();
    expect(Reflect.get(services, Symbol.iterator)).toBeUndefined();
    expect(Reflect.set(services, 'orderService', 1)).toBe(false);
    expect(Reflect.deleteProperty(services, 'orderService')).toBe(false);
  });

  it('the request id and the trace of the request that is served go on to the next service', async () => {
    const relay = await startService(
      'relay',
      (app, micro) => {
        app.get('/relay', async (_req, res) => {
          await new Promise((resolve) => setImmediate(resolve));
          const remote = micro.services;
          const [{ id }, { trace }] = await Promise.all([
            remote.orderService.getOrders({ userId: 1 }),
            remote.orderService.sayHello(),
          ]);
          res.json({ id, trace });
        });
      },
      { express: expressOf, peers: [orders.url] },
    );
    await relay.micro.ready();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { body } = await rawRequest(`${relay.url}/relay`, { headers: { 'x-request-id': 'my.id-1', traceparent } });
    expect(JSON.parse(body)).toEqual({ id: 'my.id-1', trace: traceparent });
    const bad = await rawRequest(`${relay.url}/relay`, { headers: { 'x-request-id': 'no spaces' } });
    expect(JSON.parse(bad.body).id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

afterAll(stopAll);

// What is said here of other errors is Express's own; packages/fastify/test has it of Fastify.
onExpress(
  'a failed call that nobody catches becomes a response on Express 5: the remote status, 503, 504, and no inner text',
  async () => {
    const orders = await startService('order-service', orderRoutes);
    const front = await startService(
      'front',
      (app, { services }) => {
        app.get('/teapot', async () => void (await services.orderService.getTeapot()));
        app.get('/nobody', async () => void (await services.nobody.getAnything()));
        app.get('/late', async () => void (await services.orderService.getSlow({}, { timeoutMs: 50 })));
        app.get('/own', () => {
          throw Object.assign(new Error('mine'), { status: 409 });
        });
      },
      { peers: [orders.url] },
    );
    await front.micro.ready();
    for (const [path, status] of [
      ['/teapot', 418],
      ['/nobody', 503],
      ['/late', 504],
    ] as const) {
      const answer = await rawRequest(`${front.url}${path}`);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.body).not.toMatch(/stout|nobody|order-service|at .*\.ts|127\.0\.0\.1/);
      expect(JSON.parse(answer.body)).toMatchObject({ code: expect.stringMatching(/^MESH_/), requestId: expect.any(String) });
    }
    // What is not ours stays as it was: Express's own final handler answers.
    const own = await rawRequest(`${front.url}/own`);
    expect([own.status, own.headers['content-type']]).toEqual([409, 'text/html; charset=utf-8']);
    const none = await rawRequest(`${front.url}/nowhere`);
    expect([none.status, none.body]).toEqual([404, expect.stringContaining('Cannot GET /nowhere')]);
  },
);
