import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { fastifyMiddleware, fastifyPlugins, fastifyRoutes } from '../src/fastify.ts';
import {
  analyticsPlugin,
  createPlugins,
  definePlugin,
  ForbiddenError,
  type HttpRequest,
  type Middleware,
  rateLimitPlugin,
  route,
  routes,
} from '../src/index.ts';

const running: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function serve(declare: (app: FastifyInstance) => unknown): Promise<(path: string) => Promise<Response>> {
  const app = Fastify();
  running.push(app);
  await declare(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (path) => fetch(app.listeningOrigin + path, { headers: { origin: ORIGIN } });
}

const ORIGIN = 'https://shop.example.com';

/** Answers some paths by itself, fails at others. */
const gate: Middleware = (req: HttpRequest, res, next) => {
  if (req.url?.startsWith('/answered')) res.writeHead(418, { 'x-own': '1', vary: 'x-own' }).end('short and stout');
  else if (req.url?.startsWith('/late')) setImmediate(() => res.end('late'));
  else next(req.url?.startsWith('/closed') ? new ForbiddenError() : undefined);
};

describe('on Fastify', () => {
  it('what middleware or a guard answers by itself has the headers of the hooks in front, as on Express', async () => {
    const table = routes({ answered: route({ method: 'GET', path: '/guarded', use: [guarded] }, () => 'never') });
    const ask = await serve(async (app) => {
      await app.register(cors, { origin: [ORIGIN] });
      await app.register(fastifyMiddleware([gate]));
      await app.register(fastifyRoutes(table));
      app.get('/open', async () => 'open');
    });
    const seen = async (path: string) => {
      const { status, headers } = await ask(path);
      return [status, headers.get('access-control-allow-origin'), headers.get('vary')];
    };
    expect(await seen('/answered')).toEqual([418, ORIGIN, 'x-own']);
    expect(await seen('/late')).toEqual([200, ORIGIN, 'Origin']);
    expect(await seen('/guarded')).toEqual([202, ORIGIN, 'Origin']);
    expect(await seen('/closed')).toEqual([403, ORIGIN, 'Origin, Accept']);
    expect(await seen('/open')).toEqual([200, ORIGIN, 'Origin']);
  });
});

describe('plugins of a Fastify app', () => {
  it('start with it, stand in front of its routes and of what it does not have, and stop when it has closed its server', async () => {
    const done: string[] = [];
    let app: FastifyInstance | undefined;
    const ask = await serve(async (made) => {
      app = made;
      const { registerPlugin } = fastifyPlugins(made);
      const analytics = registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop', excludePaths: ['/health'] });
      registerPlugin('shop', shop, done);
      registerPlugin('db', db, done);
      made.get('/orders', async () => {
        analytics.track('order seen', { id: 7 });
        return [];
      });
      made.get('/health', async () => 'well');
      expect(done).toEqual([]);
    });
    expect(done).toEqual(['+db', '+shop']);
    expect(await (await ask('/shop/hello?x=1')).text()).toBe('/hello?x=1 below /shop');
    for (const path of ['/orders', '/health', '/none']) await (await ask(path)).text();
    const { events } = (await (await ask('/analytics/events')).json()) as { events: { name: string; data: object }[] };
    expect(events.map(({ name, data }) => [name, 'path' in data && data.path])).toEqual([
      ['request', '/shop/hello'],
      ['order seen', false],
      ['request', '/orders'],
      ['request', '/none'],
    ]);
    const server = app?.server;
    server?.once('close', () => done.push('server closed'));
    await app?.close();
    expect(done.slice(2)).toEqual(['server closed', '-shop', '-db']);
  });

  it('that do not start are what the app fails with, and those that have started are stopped', async () => {
    const done: string[] = [];
    const app = Fastify();
    running.push(app);
    const { registerPlugin } = fastifyPlugins(app, { log: false as never });
    registerPlugin('db', db, done);
    registerPlugin(
      'broken',
      definePlugin({ dependsOn: ['db'], create: () => ({ api: {}, start: () => Promise.reject(new Error('no')) }) }),
    );
    await expect(app.listen({ port: 0 })).rejects.toMatchObject({
      code: 'HTTP_PLUGIN_FAILED',
      message: /"broken" did not start: no/,
    });
    expect(done).toEqual(['+db', '-db']);
    expect(() => registerPlugin('late', db, done)).toThrow(expect.objectContaining({ code: 'HTTP_PLUGIN_LATE' }));
  });

  it('of a context are for its routes alone, and what they refuse is answered as contracts answer, with the headers of the hooks in front', async () => {
    const ask = await serve(async (app) => {
      await app.register(cors, { origin: [ORIGIN] });
      await app.register(
        async (child) => {
          fastifyPlugins(child).registerPlugin('rate-limit', rateLimitPlugin, { limit: 1, windowMs: 60_000 });
          child.get('/', async () => 'limited');
        },
        { prefix: '/v1' },
      );
      app.get('/open', async () => 'open');
    });
    const seen = async (path: string) => {
      const answer = await ask(path);
      return [answer.status, answer.headers.get('access-control-allow-origin'), (await answer.text()).slice(0, 17)];
    };
    expect(await seen('/v1')).toEqual([200, ORIGIN, 'limited']);
    expect(await seen('/v1')).toEqual([429, ORIGIN, '{"status":"error"']);
    for (let n = 0; n < 3; n++) expect(await seen('/open')).toEqual([200, ORIGIN, 'open']);
  });

  it('say what they take, and where they are looked for', async () => {
    expect(() => fastifyPlugins({} as never)).toThrow(/fastifyPlugins\(\) takes a Fastify app/);
    expect(() => createPlugins(Fastify())).toThrow(/fastifyPlugins\(\) of @express-micro\/http\/fastify/);
    expect(() => createPlugins({})).toThrow(/put its middleware in front of your routes/);
    expect(() => fastifyPlugins(Fastify(), { startTimeout: 1 } as never)).toThrow(/Unknown option "startTimeout"/);
  });
});

const db = definePlugin({
  create: (done: string[]) => ({ api: {}, start: () => done.push('+db'), stop: () => done.push('-db') }),
});
const shop = definePlugin({
  dependsOn: ['db'],
  create: (done: string[]) => ({
    api: {},
    routes: (req: HttpRequest & { baseUrl?: string }, res: Parameters<Middleware>[1]) =>
      res.end(`${req.url} below ${req.baseUrl}`),
    start: () => done.push('+shop'),
    stop: () => done.push('-shop'),
  }),
});

function guarded(_req: HttpRequest, res: Parameters<Middleware>[1]): void {
  res.statusCode = 202;
  res.end();
}
