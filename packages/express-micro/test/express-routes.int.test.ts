import { describe, expect, it } from 'vitest';
import { createRouteReader, declareRoutes } from '../src/express-routes.ts';
import { type Copy, copies, type Handler } from './express-copies.test-support.ts';
import { lines, statusOf } from './route-lines.test-support.ts';

function show() {}
function list() {}
function guard() {}
const anonymous: Handler[] = [() => {}];
const [arrow = show] = anonymous;

/** What OpenTelemetry's instrumentation does to a layer: another function in its place, that keeps the first and shows its properties. */
function wrapLikeOpenTelemetry(layer: { handle: Handler & { stack?: { handle: Handler }[] } }): void {
  const original = layer.handle;
  const patched = function (this: unknown, ...args: never[]): unknown {
    return Reflect.apply(original, this, args);
  };
  Object.defineProperty(patched, '__original', { value: original });
  for (const key in original) {
    Object.defineProperty(patched, key, {
      get: () => Reflect.get(original, key),
      set: (value) => Reflect.set(original, key, value),
    });
  }
  layer.handle = patched;
}

interface Stacked {
  readonly stack: ({ handle: Handler & { stack?: { handle: Handler }[] } } & {
    readonly route?: Stacked;
    readonly name: string;
  })[];
}

function stackOf(router: unknown): Stacked['stack'] {
  const of = router as Partial<Stacked> & { _router?: Stacked; router?: Stacked };
  return (of.stack ?? (of._router ?? (of.router as Stacked)).stack) as Stacked['stack'];
}

describe('the copies of Express that are tried', () => {
  it('are five, with the routers that they say', () => {
    const kinds = copies.map(({ express }) => {
      const app = express();
      app.use(show);
      const layer = stackOf(app).at(-1) as object;
      return 'regexp' in layer ? '4' : 'rawPath' in layer ? '2.3' : '2';
    });
    expect(kinds).toEqual(['4', '2', '2', '2', '2.3']);
    expect(new Set(copies.map(({ express }) => express)).size).toBe(5);
    expect(new Set(copies.map(({ express }) => express.Router)).size).toBe(5);
  });
});

describe.each(copies)('the routes of an app of $title', ({ express, major }: Copy) => {
  it('are those that it declared, in their order, with method, path and the name of the last handler', () => {
    const app = express();
    app.use(guard);
    app.get('/users/:id', guard, show);
    app.get('/users', ...([[guard, [list]]] as never[]));
    app.post('/orders', arrow);
    app.delete('/flights/:from-:to', show.bind(null).bind(null));
    app.get('/', show);
    app.get('/slash/', show);
    expect(lines(app)).toEqual([
      'GET /users/:id show',
      'GET /users list',
      'POST /orders',
      'DELETE /flights/:from-:to show',
      'GET / show',
      'GET /slash show',
    ]);
  });

  it('are not read from a handler of errors, and the name before a tool replaced the function counts', () => {
    const app = express();
    app.get('/a', show, ((_error: never, _req: never, _res: never, _next: never) => {}) as Handler);
    app.get('/b', show);
    const layer = stackOf(app).at(-1)?.route?.stack[0];
    if (layer !== undefined) layer.handle = (() => {}).bind(null);
    expect(lines(app)).toEqual(['GET /a show', 'GET /b show']);
  });

  it('carry the name that a contract has put on a handler', () => {
    const app = express();
    const contract = Object.assign(() => {}, { [Symbol.for('express-micro.contract')]: { name: 'readUser' } });
    app.get('/users/:id', contract, show);
    app.post('/users', contract);
    app.put(
      '/users',
      Object.assign(() => {}, { [Symbol.for('express-micro.contract')]: { name: 7 } }),
    );
    expect(lines(app)).toEqual(['GET /users/:id show (readUser)', 'POST /users (readUser)', 'PUT /users']);
  });

  it('are found in routers at any depth, with the parameters of their mounts', () => {
    const app = express();
    const [api, users, orders] = [express.Router(), express.Router(), express.Router({ mergeParams: true })];
    orders.get('/', list);
    orders.get('/:orderId', show);
    users.use('/:userId/orders', orders);
    users.get('/', list);
    api.use('/v1/users/', guard, users);
    api.use(users);
    app.use('/api', api);
    app.get('/last', show);
    expect(lines(app)).toEqual([
      'GET /api/v1/users/:userId/orders list',
      'GET /api/v1/users/:userId/orders/:orderId show',
      'GET /api/v1/users list',
      'GET /api/:userId/orders list',
      'GET /api/:userId/orders/:orderId show',
      'GET /api list',
      'GET /last show',
    ]);
  });

  it('are one route for an array of paths, and for a router mounted at several', () => {
    const app = express();
    const router = express.Router();
    router.get(['/a', ['/b/:id']], show);
    app.use(['/x', '/y/:y', '/'], router);
    app.get(['/p', '/q', '/p/'], show);
    expect(lines(app)).toEqual(['GET /x/a,/x/b/:id,/y/:y/a,/y/:y/b/:id,/a,/b/:id show', 'GET /p,/q show']);
  });

  it('are one route for a router mounted at forty paths', () => {
    const app = express();
    const router = express.Router();
    router.get('/a', show);
    app.use(
      Array.from({ length: 40 }, (_, index) => `/p${index}`),
      router,
    );
    const [route, ...others] = createRouteReader(app).read();
    expect(route?.paths).toHaveLength(40);
    expect(others).toEqual([]);
  });

  it.each(['.', '-', '~', '@', ',', '.well-known'])('keep what a mount path has in %j', (sign) => {
    const app = express();
    const router = express.Router();
    router.get('/a', show);
    app.use(`/x${sign}y/:one-:two.z`, router);
    expect(lines(app)).toEqual([`GET /x${sign}y/:one-:two.z/a show`]);
  });

  it('have every method of router.route, and ALL for app.all and router.all', () => {
    const app = express();
    const router = express.Router();
    router.route('/pens').get(list).post(guard, show);
    router.route('/guarded').all(guard).get(show);
    router.all('/any', guard, list);
    app.use(router);
    app.all('/all', guard, show);
    app.route('/same').get(guard).get(show);
    expect(lines(app)).toEqual([
      'GET /pens list',
      'POST /pens show',
      'GET /guarded show',
      'ALL /any list',
      'ALL /all show',
      'GET /same show',
    ]);
  });

  it.each(copies)('are found in an app of $title below it', ({ express: other }) => {
    const app = express();
    const [shop, deep] = [other(), other()];
    let ran = 0;
    const run = () => {
      ran++;
    };
    shop.use(run);
    shop.get('/pens/:id', run, show);
    shop.use((_error: never, _req: never, _res: never, _next: never) => run());
    deep.get('/', list);
    shop.use('/deep', deep);
    app.use('/shop/:shopId', shop);
    app.use(['/a', '/b'], deep);
    const router = express.Router();
    router.use('/inside', deep);
    app.use(router);
    expect(lines(app)).toEqual([
      'GET /shop/:shopId/pens/:id show',
      'GET /shop/:shopId/deep list',
      'GET /a,/b list',
      'GET /inside list',
    ]);
    expect(ran).toBe(0);
  });

  it('of an app below it that has none yet are seen when they come, and its settings still count', async () => {
    const [app, below] = [express(), express()];
    app.use('/below', below);
    const reader = createRouteReader(app);
    expect(reader.read()).toEqual([]);
    below.enable('case sensitive routing');
    below.get('/pens', ((_req: never, res: { end(text: string): void }) => res.end('yes')) as Handler);
    expect(reader.read().map(({ paths }) => paths[0])).toEqual(['/below/pens']);
    expect(await statusOf(app, '/below/pens')).toBe(200);
    expect(await statusOf(app, '/below/PENS')).toBe(404);
  });

  it('are none before the app has a router, and looking makes none', async () => {
    const app = express();
    const reader = createRouteReader(app);
    expect(reader.read()).toEqual([]);
    app.enable('case sensitive routing');
    app.enable('strict routing');
    app.get('/pens/', ((_req: never, res: { end(text: string): void }) => res.end('yes')) as Handler);
    expect(reader.read().map(({ paths }) => paths[0])).toEqual(['/pens/']);
    expect(await statusOf(app, '/pens/')).toBe(200);
    expect(await statusOf(app, '/PENS/')).toBe(404);
  });

  it('that are added later are seen, and the list is the same array until then', () => {
    const app = express();
    const router = express.Router();
    app.use('/x', router);
    const reader = createRouteReader(app);
    const one = router.route('/one').get(show);
    const first = reader.read();
    expect(reader.read()).toBe(first);
    one.post(list);
    router.get('/two', show);
    app.get('/three', show);
    const second = reader.read();
    expect(second.map(({ method, paths }) => `${method} ${paths[0]}`)).toEqual([
      'GET /x/one',
      'POST /x/one',
      'GET /x/two',
      'GET /three',
    ]);
    expect(second[2]).not.toBe(undefined);
    expect(reader.read()).toBe(second);
    stackOf(app).pop();
    expect(reader.read()).toHaveLength(3);
  });

  it('are read through what tracing tools put around layers', () => {
    const [app, below] = [express(), express()];
    const router = express.Router();
    router.get('/a', show);
    below.get('/b', guard, list);
    app.use('/router', router);
    app.use('/below', below);
    for (const layer of [...stackOf(app), ...stackOf(router), ...stackOf(below)]) {
      for (const handler of layer.route?.stack ?? []) wrapLikeOpenTelemetry(handler);
      wrapLikeOpenTelemetry(layer);
      wrapLikeOpenTelemetry(layer);
    }
    expect(lines(app)).toEqual(['GET /router/a show', 'GET /below/b list']);
  });

  it('of a router that a function hides are seen when it is declared', () => {
    const [app, below] = [express(), express()];
    const router = express.Router();
    router.get('/a', show);
    below.get('/b', show);
    app.use('/hidden', () => Reflect.apply(router, undefined, []));
    app.use(
      '/x',
      declareRoutes(() => {}, router),
    );
    app.use(
      '/y',
      declareRoutes(() => {}, below),
    );
    expect(lines(app)).toEqual(['GET /x/a show', 'GET /y/b show']);
  });

  it('are listed with a reason where a regular expression stands, wherever it stands', () => {
    const app = express();
    const router = express.Router();
    router.get('/a', show);
    router.get(/^\/b(\d+)$/, show);
    app.get(/.*fly$/, show);
    app.get(['/plain', /^\/re/], show);
    app.use(/^\/mounted/, router);
    app.use('/x', router);
    expect(lines(app)).toEqual([
      'GET .*fly$ show [regular expression]',
      'GET /plain show',
      'GET ^\\/re show [regular expression]',
      'GET ^\\/mounted/a show [regular expression]',
      'GET ^\\/mounted^\\/b(\\d+)$ show [regular expression]',
      'GET /x/a show',
      'GET /x^\\/b(\\d+)$ show [regular expression]',
    ]);
  });

  it('end where a router is mounted in itself', () => {
    const app = express();
    const router = express.Router();
    router.get('/a', show);
    router.use('/again', router);
    app.use('/x', router);
    app.use('/y', router);
    expect(lines(app)).toEqual(['GET /x/a show', 'GET /y/a show']);
  });

  it('end after two thousand, and the list says so', () => {
    const app = express();
    let router = express.Router();
    router.get('/a', show);
    for (let depth = 0; depth < 12; depth++) {
      const outer = express.Router();
      outer.use('/x', router);
      outer.use('/y', router);
      router = outer;
    }
    app.use(router);
    const routes = createRouteReader(app).read();
    expect(routes).toHaveLength(2_000);
    expect(routes.at(-1)?.uncallable).toMatch(/more than 2000 routes/);
  });

  it('come with paths that the router itself matches', async () => {
    const app = express();
    const router = express.Router();
    const answer = ((req: { params: object }, res: { end(text: string): void }) =>
      res.end(JSON.stringify(req.params))) as Handler;
    const optional = major === 5 ? '/o{/:a}{-:b}' : '/o/:a?';
    const wild = major === 5 ? '/w/*rest' : '/w/*';
    for (const path of ['/plain', '/p/:a/:b', '/m/:a-:b', '/d/:a.:b', optional, wild]) router.get(path, answer);
    app.use(['/mount/:m', '/other.place'], router);
    const paths = createRouteReader(app)
      .read()
      .flatMap((route) => route.paths);
    expect(paths.length).toBeGreaterThanOrEqual(14);
    for (const path of paths) {
      const filled = path.replace(/\*\w+/g, 'one/two').replace(/:(\w+)/g, 'v$1');
      expect([path, await statusOf(app, filled)]).toEqual([path, 200]);
    }
  });

  it('are read again in no time', () => {
    const app = express();
    for (let group = 0; group < 20; group++) {
      const router = express.Router();
      for (let index = 0; index < 10; index++) router.get(`/r${index}/:id`, show);
      app.use(`/g${group}/:g`, guard, router);
    }
    const reader = createRouteReader(app);
    expect(reader.read()).toHaveLength(200);
    for (let warm = 0; warm < 2_000; warm++) reader.read();
    // Milliseconds of this process's own CPU: what its neighbours take of the machine is not the reader's.
    const times = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      for (let run = 0; run < 500; run++) reader.read();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000 / 500;
    });
    expect(Math.min(...times)).toBeLessThan(0.1);
  });
});
