import { createRequire } from 'node:module';
import express5 from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { observability } from '../src/index.ts';
import { type App, ask, expresses, startApp, stopAll } from './operated-apps.test-support.ts';

afterEach(stopAll);

/** Express 5 on the routers that earlier releases of it came with: they keep less of a path. */
const require = createRequire(import.meta.url);

const silent = { info() {}, warn() {}, error() {} };

/** The routes under which requests were counted, each with how often. */
async function counted(page: string): Promise<Record<string, number>> {
  const rows = page.matchAll(/^http_request_duration_seconds_count\{method="\w+",route="([^"]*)",status="(\w+)"\} (\d+)$/gm);
  const counts: Record<string, number> = {};
  for (const [, route, status, count] of rows) counts[`${route} ${status}`] = Number(count);
  return counts;
}

describe.each(expresses)('the route of a request on %s', (_name, express) => {
  const start = (declare: (app: App) => void) => startApp(declare, { express });

  it('is the pattern under which it was declared, with those of the routers and apps around it', async () => {
    const { url, metrics } = await start((app) => {
      const ok = (_req: unknown, res: { json(body: unknown): unknown }) => void res.json('ok');
      app.get('/', ok);
      app.get('/users/:id', ok);
      const orders = express.Router({ mergeParams: true });
      orders.get('/', ok);
      orders.get('/:order', ok);
      const shops = express.Router();
      shops.use('/:shop/orders', orders);
      app.use('/Shops', shops);
      const admin = express();
      admin.get('/users/:id', ok);
      const deep = express.Router();
      deep.get('/leaf', ok);
      admin.use('/deep/:x', deep);
      app.use('/admin/:tenant', admin);
      app.get(/^\/files\/(.*)$/, ok);
      app.get(['/a', '/b/:id'], ok);
      app.use('/guard', (_req, res) => void res.sendStatus(401));
    });
    for (const path of [
      '/',
      '/users/1',
      '/users/2?x=3',
      '/shops/7/orders',
      '/SHOPS/8/orders/9',
      '/admin/t1/users/5',
      '/admin/t2/deep/1/leaf',
      '/files/a/b/c',
      '/b/1',
      '/guard/x',
      '/nothing/here',
      '/nothing/there',
    ]) {
      await ask(url + path);
    }
    expect(await counted(await metrics.text())).toEqual({
      '/ 200': 1,
      '/users/:id 200': 2,
      '/Shops/:shop/orders 200': 1,
      '/Shops/:shop/orders/:order 200': 1,
      '/admin/:tenant/users/:id 200': 1,
      '/admin/:tenant/deep/:x/leaf 200': 1,
      [`${String(/^\/files\/(.*)$/).replaceAll('\\', '\\\\')} 200`]: 1,
      '/a,/b/:id 200': 1,
      'middleware 401': 1,
      'not_found 404': 2,
    });
  });

  it('stays whole when a handler fails, and the app answers for it', async () => {
    const { url, metrics } = await start((app) => {
      const router = express.Router();
      router.get('/:id', (_req, _res, next) => next(new Error('no')));
      app.use('/api/:version', router);
      app.use((_error: unknown, _req: unknown, res: { sendStatus(status: number): void }, _next: unknown) => res.sendStatus(500));
    });
    await ask(`${url}/api/v1/7`);
    expect(await counted(await metrics.text())).toEqual({ '/api/:version/:id 500': 1 });
  });

  it('is the same, whoever asks first: a parameter that is a part of a segment, and repeats the rest of it', async () => {
    const { url, metrics } = await start((app) => {
      const router = express.Router({ mergeParams: true });
      router.get('/leaf', (_req, res) => void res.json(1));
      app.use('/v:version', router);
      app.use('/:from-:to', router);
    });
    for (const path of ['/Vv/leaf', '/v2/leaf', '/a-a/leaf', '/-b-to/leaf', '/from-x/leaf']) await ask(url + path);
    expect(await counted(await metrics.text())).toEqual({ '/v:version/leaf 200': 2, '/:from-:to/leaf 200': 3 });
  });

  it('is told apart where one router is mounted twice', async () => {
    const { url, metrics } = await start((app) => {
      const router = express.Router();
      router.get('/x/:id', (_req, res) => void res.json(1));
      app.use('/v1/:tenant', router);
      app.use('/v2', router);
    });
    await ask(`${url}/v2/x/1`);
    await ask(`${url}/v1/t/x/1`);
    await ask(`${url}/V1/u/x/2`);
    expect(await counted(await metrics.text())).toEqual({ '/v1/:tenant/x/:id 200': 2, '/v2/x/:id 200': 1 });
  });

  it('holds nothing of what a client sends: letter case, segments of a regular expression, methods, statuses', async () => {
    const { url, metrics } = await start((app) => {
      const router = express.Router();
      router.get('/leaf', (_req, res) => void res.json(1));
      app.use(/^\/v\d+/, router);
      app.use('/api', router);
      app.get('/status/:code', (req, res) => {
        res.statusCode = Number(req.params.code);
        res.end();
      });
    });
    for (const path of [
      '/v1/leaf',
      '/v22/leaf',
      '/v333/leaf',
      '/api/leaf',
      '/API/leaf',
      '/aPi/leaf',
      '/status/299',
      '/status/777',
    ])
      await ask(url + path);
    for (const method of ['PROPFIND', 'MKCOL', 'REPORT', 'PURGE']) await ask(`${url}/status/200`, { method });
    const page = await metrics.text();
    const counts = await counted(page);
    const regexp = String(/^\/v\d+/).replaceAll('\\', '\\\\');
    expect(counts).toMatchObject({
      [`${regexp}/leaf 200`]: 3,
      '/api/leaf 200': 3,
      '/status/:code 299': 1,
      '/status/:code other': 1,
    });
    expect([...new Set([...page.matchAll(/method="(\w+)"/g)].map(([, method]) => method))].toSorted()).toEqual(['GET', 'other']);
  });

  it('is whole for two apps that are both observed, one mounted on the other', async () => {
    const inner = express();
    const innerMetrics = observability(inner, { logger: silent, accessLog: false, shutdown: false }).metrics;
    inner.get('/users/:id', (_req, res) => void res.json(1));
    const { url, metrics } = await start((app) => void app.use('/admin/:tenant', inner));
    await ask(`${url}/admin/t/users/1`);
    for (const { text } of [metrics, innerMetrics])
      expect(await counted(await text())).toEqual({ '/admin/:tenant/users/:id 200': 1 });
  });

  it('is that of an app which a router calls as a function, without the place where that is', async () => {
    const { url, metrics } = await start((app) => {
      const inner = express();
      inner.get('/leaf/:id', (_req, res) => void res.json(1));
      const router = express.Router();
      router.use('/around/:x', (req, res, next) => inner(req, res, next));
      app.use(router);
    });
    await ask(`${url}/around/5/leaf/1`);
    await ask(`${url}/around/6/leaf/2`);
    expect(Object.values(await counted(await metrics.text()))).toEqual([2]);
  });
});

it('is the same on Express 4 where a parameter of a mount takes few values', async () => {
  const [, express4 = express5] = expresses[1] ?? [];
  const { url, metrics } = await startApp(
    (app) => {
      const router = express4.Router({ mergeParams: true });
      router.get('/leaf', (_req, res) => void res.json(1));
      app.use('/x-:lang(en|de)', router);
      app.use('/y:n(\\d+)', router);
    },
    { express: express4 },
  );
  for (const path of ['/x-en/leaf', '/x-de/leaf', '/y11/leaf', '/Y2/leaf']) await ask(url + path);
  expect(await counted(await metrics.text())).toEqual({ '/x-:lang/leaf 200': 2, '/y:n/leaf 200': 2 });
});

describe.each(['router20', 'router21', 'router22'])('on %s', (name) => {
  it('patterns of mounts are learned by asking', async () => {
    const Router = require(name) as typeof express5.Router;
    const app = express5();
    const outer = Router();
    const inner = Router({ mergeParams: true });
    inner.get('/:order', (_req: unknown, res: { end(text: string): void }) => res.end('ok'));
    outer.use('/shops/:shop/Orders', inner);
    outer.use('/v:version', inner);
    Object.defineProperty(app, 'router', { value: outer });
    const { url, metrics } = await startApp((observed) => void observed.use(outer as never));
    for (const path of ['/shops/7/orders/1', '/SHOPS/8/ORDERS/2', '/Vv/3', '/v2/4']) await ask(url + path);
    expect(await counted(await metrics.text())).toEqual({ '/shops/:shop/orders/:order 200': 2, '/v:version/:order 200': 2 });
  });
});
