import http from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import fastifyMicro, { type FastifyMicroOptions } from '../src/index.ts';
import { bearer, ends, type Started, start, stopAll } from './fleet.test-support.ts';

afterEach(stopAll);

/** A request whose caller can hang up. */
function hangUp(url: string): () => void {
  const request = http.get(url, { agent: false });
  request.once('error', () => {});
  return () => void request.destroy();
}

describe('P2: the plugin', () => {
  it('finds others and is found, and a route of another service is a function', async () => {
    const users = await start('user-service', (app) => {
      app.get<{ Params: { id: string } }>('/users/:id', async (request) => ({
        id: request.params.id,
        caller: app.micro.caller(request)?.service,
        same: app.micro.caller(request.raw)?.service,
      }));
    });
    const orders = await start('order-service', () => {}, { peers: [users.url] });
    await orders.app.micro.ready();
    expect(await orders.app.micro.services.userService.getUser({ id: 7 })).toEqual({
      id: '7',
      caller: 'order-service',
      same: 'order-service',
    });
    const response = await fetch(`${users.url}/_discovery/services`, { headers: bearer() });
    expect(await response.json()).toMatchObject({
      thisService: { name: 'user-service', url: users.url, routes: [{ method: 'GET', path: '/users/:id' }] },
      connectedPeers: { 'order-service': { status: 'UP' } },
    });
  });

  it('says what was wrong where it is used wrongly', async () => {
    const app = ends(Fastify());
    await app.register(fastifyMicro, { serviceName: 'once', log: false });
    await expect(async () => void (await app.register(fastifyMicro, {}))).rejects.toMatchObject({
      code: 'MESH_OPTION_INVALID',
      message: expect.stringContaining('registered twice'),
    });
    expect(() => Reflect.apply(app.micro.internal, undefined, [{}, {}])).toThrow(/internal\(\) makes a hook .*onRequest/);
    expect(() => Reflect.apply(app.micro.readiness, undefined, [{}])).toThrow(/readiness\(\) makes a handler/);
    await expect(fastifyMicro({} as never)).rejects.toThrow(/fastifyMicro is a plugin: await app\.register/);
    for (const [given, fastify, message] of [
      [{ servicename: 'x' }, {}, /Unknown option "servicename" of fastifyMicro\(\)/],
      [{ prefix: '/v1' }, {}, /Unknown option "prefix"/],
      [{}, { http2: true }, /speaks HTTP\/2/],
    ] as const) {
      const other = Fastify(fastify as object);
      await expect(async () => void (await other.register(fastifyMicro, given as never))).rejects.toThrow(message);
      await other.close().catch(() => {});
    }
  });

  it.each<[string, (app: FastifyInstance) => unknown]>([
    ['with options that a function gives', (app) => app.register(fastifyMicro, () => ({ serviceName: 'ways', log: false }))],
    [
      'as a module that is still to be loaded',
      (app) => app.register(import('../src/index.ts'), { serviceName: 'ways', log: false }),
    ],
    [
      'within a plugin of the app, as fastify-plugin makes it',
      (app) =>
        app.register(
          Object.assign(
            async (inner: FastifyInstance) => void (await inner.register(fastifyMicro, { serviceName: 'ways', log: false })),
            {
              [Symbol.for('skip-override')]: true,
            },
          ),
        ),
    ],
    ['called by itself', (app) => fastifyMicro(app, { serviceName: 'ways', log: false })],
  ])('is registered %s', async (_way, register) => {
    const app = ends(Fastify());
    await register(app);
    app.get('/inner', { onRequest: app.micro.internal() }, async () => 'never');
    expect((await app.inject('/inner')).statusCode).toBe(401);
    expect(app.micro.routes()).toHaveLength(1);
  });

  it('believes no proxy of Fastify’s, only its own: what is the mesh’s is refused by the address of the connection', async () => {
    const ask = async (options: FastifyMicroOptions) => {
      const { url } = await start('guarded', () => {}, { ...options, ipWhitelist: ['192.0.2.1'], fastify: { trustProxy: true } });
      const headers = { ...bearer(), 'x-forwarded-for': '192.0.2.1' };
      return (await fetch(`${url}/_discovery/services`, { headers })).status;
    };
    expect([await ask({}), await ask({ trustedProxies: ['127.0.0.1'] })]).toEqual([403, 200]);
  });

  it('tells a decorator of the app that has its name from a second registration', async () => {
    const app = ends(Fastify());
    app.decorate('micro', { own: true } as never);
    await expect(async () => void (await app.register(fastifyMicro, { log: false }))).rejects.toMatchObject({
      code: 'MESH_OPTION_INVALID',
      message: expect.stringMatching(/decorator "micro" of its own/),
    });
  });

  it('called by itself when it is too late leaves nothing behind', async () => {
    const app = ends(Fastify());
    await app.ready();
    const before = process.listenerCount('SIGTERM');
    await expect(fastifyMicro(app, { serviceName: 'late', log: false, closeOnSigterm: true })).rejects.toThrow(/already booted/);
    expect(process.listenerCount('SIGTERM')).toBe(before);
    expect(app.server.rawListeners('request')).toContain(app.routing);
    expect(app.hasDecorator('micro')).toBe(false);
  });

  it('lets Fastify itself refuse a version that it is not made for', () => {
    expect(Reflect.get(fastifyMicro, Symbol.for('plugin-meta'))).toMatchObject({ fastify: '5.x' });
  });
});

describe('a request', () => {
  it('ends with its caller: request.signal is aborted when that goes away, and not when it was answered', async () => {
    const reasons: string[] = [];
    let answered: AbortSignal | undefined;
    let came: () => void = () => {};
    let gone: () => void = () => {};
    const { url } = await start('served', (app) => {
      app.get('/waits', (request) => {
        request.signal.addEventListener('abort', () => {
          reasons.push((request.signal.reason as Error).message);
          gone();
        });
        came();
        return new Promise(() => {});
      });
      app.get('/answered', async (request) => {
        answered = request.signal;
        return 'well';
      });
    });
    const arrived = new Promise<void>((resolve) => {
      came = resolve;
    });
    const hung = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const end = hangUp(`${url}/waits?secret=1`);
    await arrived;
    expect(reasons).toEqual([]);
    end();
    await hung;
    expect(reasons).toEqual(['Cancelled: GET /waits, because its caller went away.']);
    await (await fetch(`${url}/answered`)).text();
    expect(answered?.aborted).toBe(false);
  });

  it('knows when the time of its caller is up, and of the time that its route gives the handler', async () => {
    const { url } = await start('timed', (app) => {
      app.get('/deadline', async (request) => ({
        left: request.deadline?.remainingMs,
        isDate: request.deadline instanceof Date,
      }));
      app.get('/both', { handlerTimeout: 30 }, async (request) => {
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      });
      app.get('/late', async (request) => {
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
        return String((request.signal.reason as { code: string }).code);
      });
    });
    const deadline = { 'express-micro-deadline': '5000' };
    const { left, isDate } = (await (await fetch(`${url}/deadline`, { headers: deadline })).json()) as {
      left: number;
      isDate: boolean;
    };
    expect([left > 4_000, left <= 5_000, isDate]).toEqual([true, true, true]);
    expect(await (await fetch(`${url}/deadline`)).json()).toEqual({ isDate: false });
    expect((await fetch(`${url}/both`)).status).toBe(503);
    expect(await (await fetch(`${url}/late`, { headers: { 'express-micro-deadline': '40' } })).text()).toBe(
      'MESH_DEADLINE_EXCEEDED',
    );
  });

  it('has one id in the log, in request.id and in every call; an app that makes its own keeps it', async () => {
    const remote = await start('remote', (app) => {
      app.get('/ids', async (request) => ({ id: request.id, sent: request.headers['x-request-id'] }));
    });
    const declare = (app: Started['app']) =>
      app.post('/relays', async (request) => {
        await new Promise((resolve) => setImmediate(resolve));
        return { own: request.id, there: await app.micro.services.remote.getIds() };
      });
    const lines: { reqId?: string; req?: { url: string } }[] = [];
    const logger = { stream: { write: (line: string) => void lines.push(JSON.parse(line)) } };
    const relay = await start('relay', declare, { peers: [remote.url], fastify: { logger } });
    await relay.app.micro.ready();
    const post = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json', 'x-request-id': 'my.id-1' } };
    const expected = { own: 'my.id-1', there: { id: 'my.id-1', sent: 'my.id-1' } };
    expect(await (await fetch(`${relay.url}/relays`, post)).json()).toEqual(expected);
    const { payload } = await relay.app.inject({ url: '/relays', method: 'POST', headers: post.headers, payload: post.body });
    expect(JSON.parse(payload)).toEqual(expected);
    expect(lines.filter(({ reqId }) => reqId === 'my.id-1').length).toBeGreaterThanOrEqual(4);
    // The messages of the mesh are no requests of the app.
    expect(lines.filter(({ req }) => req?.url.includes('_discovery'))).toEqual([]);
    const own = await start('own', declare, { peers: [remote.url], fastify: { genReqId: () => 'made-here' } });
    await own.app.micro.ready();
    expect(await (await fetch(`${own.url}/relays`, post)).json()).toEqual({ ...expected, own: 'made-here' });
  });

  it('that comes past the server is let in at the first hook: inject() sees what clients see', async () => {
    const { app } = await start('injected', (made) => {
      made.get('/inner', { onRequest: made.micro.internal() }, async () => 'for services');
      made.get('/health/ready', made.micro.readiness());
    });
    const status = async (url: string, headers = {}) => (await app.inject({ url, headers })).statusCode;
    expect(await status('/_discovery/services')).toBe(401);
    expect(await status('/_discovery/services', bearer())).toBe(200);
    expect(await status('/inner')).toBe(401);
    expect(await status('/inner', { 'express-micro-caller': 'forged' })).toBe(401);
    expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ready' });
    expect(app.micro.counters().served).toBeGreaterThan(1);
  });
});

describe('servers', () => {
  it.each([
    ['a factory that hides the app', (handler: http.RequestListener) => http.createServer((req, res) => handler(req, res))],
    ['a factory that names the app', (handler: http.RequestListener) => http.createServer(handler)],
  ])('%s', async (_name, serverFactory) => {
    const caller = await start('caller');
    // Nobody knows of it, and nothing comes to it before it has told of itself.
    await start('made', (app) => void app.get('/pens', () => ['blue']), {
      peers: [caller.url],
      fastify: { serverFactory } as object,
    });
    await caller.app.micro.ready({ services: ['made'] });
    expect(await caller.app.micro.services.made.getPens()).toEqual(['blue']);
  });

  it('of "localhost" are two where the machine has two addresses, and calls reach the app by either', async () => {
    const app = ends(Fastify());
    await app.register(fastifyMicro, { serviceName: 'both', log: false });
    app.get('/pens', () => []);
    await app.listen({ port: 0 });
    for (const bound of app.addresses()) {
      const { address, family, port } = bound as AddressInfo;
      const host = family === 'IPv6' ? `[${address}]` : address;
      const { status } = await fetch(`http://${host}:${port}/_discovery/services`, { headers: bearer() });
      expect([address, status]).toEqual([address, 200]);
    }
  });

  it('keep their listener in the eyes of others, and get it back', async () => {
    const { app } = await start('kept');
    expect(app.server.listeners('request')).toContain(app.routing);
    expect(app.server.rawListeners('request')).not.toContain(app.routing);
    await app.close();
    expect(app.server.rawListeners('request')).toContain(app.routing);
  });
});
