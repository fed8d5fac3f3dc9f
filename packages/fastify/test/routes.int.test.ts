import { markRouteName } from '@express-micro/core';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import fastifyMicro from '../src/index.ts';
import { ends, start, stopAll } from './fleet.test-support.ts';

afterEach(stopAll);

const OPTIONS = { serviceName: 'routes', log: false } as const;

async function member(declare: (app: FastifyInstance) => void, options = {}): Promise<FastifyInstance> {
  const app = ends(Fastify(options));
  await app.register(fastifyMicro, OPTIONS);
  declare(app);
  await app.ready();
  return app;
}

/** A line for each route: method, paths, its names, and why it cannot be called. */
const lines = (app: FastifyInstance) =>
  app.micro
    .routes()
    .map(({ method, paths, functions, uncallable }) => [method, paths.join(), uncallable ?? functions.join()].join(' '));

async function getUser() {
  return {};
}

describe('the routes of a Fastify app', () => {
  it.each(['registered before, without await', 'registered after', 'registered between'])(
    'are all known, the plugin %s',
    async (when) => {
      const app = ends(Fastify());
      const register = () => void app.register(fastifyMicro, OPTIONS);
      if (when.includes('before')) register();
      app.get('/users/:id', getUser);
      if (when.includes('between')) register();
      app.register(async (child) => void child.post('/orders', () => ({})), { prefix: '/v1' });
      if (when.includes('after')) register();
      await app.ready();
      expect(lines(app)).toEqual(['GET /users/:id getUser,getUsers', 'POST /v1/orders createOrder']);
    },
  );

  it('are those of every context, with prefixes, whatever is encapsulated', async () => {
    const app = await member((root) => {
      root.register(
        async (shop) => {
          shop.get('/', () => []);
          shop.register(async (deep) => void deep.get('/:id', () => ({})), { prefix: '/orders' });
        },
        { prefix: '/shop' },
      );
    });
    expect(lines(app)).toEqual(['GET /shop getShop', 'GET /shop/orders/:id getShopOrder,getOrder,getShopOrders']);
  });

  it('are named by a contract, by their configuration, by the handler, and else by what they are', async () => {
    const app = await member((root) => {
      root.get('/a/:id', markRouteName(getUser, 'byContract'));
      root.get('/b/:id', { config: { name: 'byConfig' } }, async function byHandler() {});
      root.get('/c/:id', async function byHandlerToo() {});
      // JavaScript calls these two so.
      root.route({ method: 'GET', url: '/pens/:id', handler: async () => ({}) });
      root.route({ method: 'GET', url: '/inks/:id', async handler() {} });
    });
    expect(app.micro.routes().flatMap(({ clashes }) => clashes ?? [])).toEqual([]);
    expect(app.micro.routes().map(({ functions }) => functions[0])).toEqual([
      'byContract',
      'byConfig',
      'byHandlerToo',
      'getPen',
      'getInk',
    ]);
  });

  it('are listed without the HEAD that Fastify adds to each GET, and with one of your own', async () => {
    const app = await member((root) => {
      root.get('/users', () => []);
      root.head('/orders', async () => {});
      root.get('/orders', () => []);
    });
    expect(lines(app)).toEqual(['GET /users getUsers,listUsers', 'HEAD /orders headOrders', 'GET /orders getOrders,listOrders']);
  });

  it('of several methods are one each, and their own name is that of one request', async () => {
    const app = await member((root) => {
      root.route({ method: ['PUT', 'PATCH'], url: '/users/:id', handler: async function save() {} });
      root.route({ method: ['POST', 'GET'], url: '/search', handler: async function search() {} });
      root.all('/anything', async function anything() {});
    });
    expect(lines(app)).toEqual([
      'PUT /users/:id save,updateUser',
      'PATCH /users/:id patchUser',
      'POST /search createSearch',
      'GET /search search,getSearch',
      'ALL /anything anything,getAnything,createAnything,updateAnything,patchAnything,deleteAnything,headAnything,optionsAnything',
    ]);
  });

  it('are listed as requests meet them, the most exact first: what a parameter would reach elsewhere is not sent', async () => {
    const asked: string[] = [];
    const { url } = await start('users', (root) => {
      root.get('/:kind/:id', async function getAny() {
        asked.push('any');
      });
      root.get('/users/:id', async function getUser() {
        asked.push('user');
      });
      root.get('/:kind', async () => asked.push('kind'));
      root.get('/users/me', async function getMe() {
        asked.push('me');
      });
    });
    const { app } = await start('caller', () => {}, { peers: [url] });
    await app.micro.ready();
    const { users } = app.micro.services as Record<string, Record<string, (args: object) => Promise<unknown>>>;
    await expect(users?.getUser?.({ id: 'me' })).rejects.toMatchObject({
      code: 'MESH_ARGUMENT_INVALID',
      message: expect.stringContaining('/users/me'),
    });
    await expect(users?.getAny?.({ kind: 'users', id: 7 })).rejects.toMatchObject({ code: 'MESH_ARGUMENT_INVALID' });
    expect(asked).toEqual([]);
    for (const [name, args] of [
      ['getUser', { id: 7 }],
      ['getMe', {}],
      ['getAny', { kind: 'pens', id: 'me' }],
    ] as const)
      await users?.[name]?.(args);
    expect(asked).toEqual(['user', 'me', 'any']);
  });

  it('the first that fits a request is the one that Fastify takes, whatever was declared in whatever order', async () => {
    const segments = ['a', 'b', ':x', 'm:y', ':v.json'];
    let seed = 7;
    const draw = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const templates = (length: number) =>
      Array.from({ length }, (_, at) => segments[draw(segments.length)]?.replace(/[xyv]/, (name) => `${name}${at}`)).join('/');
    let compared = 0;
    for (let round = 0; round < 40; round++) {
      const paths = new Map<string, string>();
      // What differs in the names of parameters alone is the same route.
      for (let n = 0; n < 8; n++) {
        const path = `/${templates(1 + draw(3))}`;
        paths.set(path.replace(/[xyv]\d/g, ''), path);
      }
      const app = await member((root) => {
        for (const path of paths.values()) root.get(path, async () => path);
      });
      const listed = app.micro.routes().flatMap((route) => route.paths);
      for (let n = 0; n < 40; n++) {
        const asked = `/${Array.from({ length: 1 + draw(3) }, () => ['a', 'b', 'ma', 'c.json', 'mc.json', 'c'][draw(6)]).join('/')}`;
        const fits = listed.find((template) => {
          const pattern = template.replaceAll('.', '\\.').replaceAll(/:"?\w+"?/g, '[^/]+');
          return new RegExp(`^${pattern}$`).test(asked);
        });
        const { statusCode, body } = await app.inject(asked);
        expect([listed, asked, statusCode === 200 ? body : undefined]).toEqual([listed, asked, fits]);
        compared += Number(statusCode === 200);
      }
      await app.close();
    }
    expect(compared).toBeGreaterThan(400);
  });

  it('a handler with a name that is none breaks nothing', async () => {
    const odd = Object.defineProperty(async () => {}, 'name', { value: 7 });
    const app = await member((root) => {
      root.get('/odd', odd);
      root.get('/odder', { 'get-odder': async () => {} }['get-odder']);
    });
    expect(lines(app)).toEqual(['GET /odd getOdd', 'GET /odder getOdder']);
  });

  it('thousands are read at once, each of them a HEAD of its own', async () => {
    const app = ends(Fastify());
    await app.register(fastifyMicro, OPTIONS);
    for (let n = 0; n < 1_500; n++) app.get(`/pens${n}/:id`, async () => n);
    await app.ready();
    const replaced = vi.spyOn(String.prototype, 'replace');
    const routes = app.micro.routes();
    const looks = replaced.mock.calls.length;
    replaced.mockRestore();
    expect(routes).toHaveLength(1_500);
    expect(looks).toBeLessThan(50_000);
  });

  it('of all methods stay one where a method is added later', async () => {
    const app = await member((root) => {
      root.all('/anything', async () => 1);
      root.addHttpMethod('MKCOL');
    });
    expect(app.micro.routes().map(({ method }) => method)).toEqual(['ALL']);
  });

  it('that cannot be called are listed with the reason', async () => {
    const app = await member((root) => {
      root.get('/name::verb', () => 1);
      root.get('/host', { constraints: { host: 'example.com' } }, () => 1);
      root.get('/versioned', { constraints: { version: '1.2.0' } }, () => 1);
      root.get('/static/*', () => 1);
      root.get('/numbers/:id(^\\d+$)', () => 1);
    });
    expect(lines(app)).toEqual([
      'GET /name::verb a ":" or "*" that is meant literally',
      'GET /host a constraint of the host',
      'GET /versioned getVersioned',
      'GET /static/*splat getStatic,getStatics',
      'GET /numbers/:id getNumber,getNumbers',
    ]);
  });

  it('are the same for whom the plugin is registered in a context of its own: a service is a process', async () => {
    const app = ends(Fastify());
    app.get('/users', () => []);
    await app.register(async (child) => {
      await child.register(fastifyMicro, OPTIONS);
      child.get('/orders', () => []);
    });
    expect(app.micro.routes().map(({ paths }) => paths[0])).toEqual(['/users', '/orders']);
    expect((await app.inject('/_discovery/services')).statusCode).toBe(401);
  });

  it('that nobody can know of any more are an error that says what to do', async () => {
    const app = ends(Fastify());
    app.get('/users', () => []);
    const { createRouteReader } = await import('../src/fastify-routes.ts');
    // As an app that was made before the plugin was loaded: nothing was written down.
    expect(() => createRouteReader(Object.create(app))).toThrow(/before @express-micro\/fastify was loaded: it cannot know them/);
  });

  it('beyond 2,000 are told of in one line', async () => {
    const app = await member((root) => {
      for (let n = 0; n < 2_001; n++) root.get(`/pens${n}`, { exposeHeadRoute: false }, () => n);
    });
    expect(app.micro.routes()).toHaveLength(2_000);
    expect(lines(app).at(-1)).toBe('ALL … more than 2000 routes: the rest is not listed');
  });
});
