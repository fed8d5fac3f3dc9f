import express, { type Request, type RequestHandler, type Response } from 'express';
import { Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { expectTypeOf } from 'vitest';
import {
  type AddsOf,
  analyticsPlugin,
  apiLimiter,
  authLimiter,
  chain,
  composite,
  createContainer,
  createPlugins,
  definePlugin,
  onError,
  pipeline,
  pipelineOf,
  provide,
  rateLimitPlugin,
  redisLimitStore,
  scopeOf,
  scopePerRequest,
  unless,
  withCache,
  withLogging,
} from '../src/index.ts';

interface User {
  readonly id: number;
}
const app = express();
const loadUser = provide(async (): Promise<{ user: User }> => ({ user: { id: 1 } }));
const loadTenant = provide((req) => ({ tenant: req.headers.host ?? '' }));

export function pipelines(): void {
  expectTypeOf<AddsOf<typeof loadUser>>().toEqualTypeOf<{ user: User }>();
  app.get(
    '/a',
    pipeline(apiLimiter(), loadUser, loadTenant, (req, res) => {
      expectTypeOf(req.user).toEqualTypeOf<User>();
      expectTypeOf(req.tenant).toEqualTypeOf<string>();
      res.end();
    }),
  );
  // @ts-expect-error what comes later is not known yet
  pipeline((req, _res, next) => next(req.user), loadUser);
  // @ts-expect-error nothing adds a role
  pipeline(loadUser, (req) => req.role);
  const member = composite('member', loadUser, loadTenant);
  expectTypeOf<AddsOf<typeof member>>().toExtend<{ user: User; tenant: string }>();
  app.use(
    member,
    pipeline(member, (req, _res, next) => next(req.user.id)),
  );
  app.use(
    pipeline(
      loadUser,
      onError((error, _req, _res, next) => next(error)),
    ),
  );
  app.get(
    '/b',
    pipelineOf<Request, Response>()(
      provide((req: Request) => ({ page: Number(req.query.page) })),
      (req, res) => void res.json(req.page + 1),
    ),
  );
}

export function decorators(handler: RequestHandler): void {
  expectTypeOf(withLogging(handler)).toEqualTypeOf<RequestHandler>();
  expectTypeOf(withCache(60)(handler)).toEqualTypeOf<RequestHandler>();
  expectTypeOf(unless('/login', handler)).toEqualTypeOf<RequestHandler>();
  app.get('/c', withCache(60), authLimiter(), withLogging(withCache(5)((_req: Request, res: Response) => void res.json({}))));
  expectTypeOf(chain([(n: number) => (n > 1 ? 'a' : undefined)])).toEqualTypeOf<(input: number) => Promise<'a' | undefined>>();
  expectTypeOf(chain([(n: number) => (n > 1 ? 'a' : undefined)], () => 'b')('x' as never)).resolves.toExtend<string>();
}

export function limits(): void {
  redisLimitStore({ client: createClient(), whenStoreFails: 'open' });
  redisLimitStore({ client: createCluster({ rootNodes: [] }), whenStoreFails: 'open' });
  redisLimitStore({ client: new Redis(), whenStoreFails: 'closed' });
  redisLimitStore({ client: new Redis.Cluster([]), whenStoreFails: 'closed' });
  // @ts-expect-error it has to be said what becomes of requests without Redis
  redisLimitStore({ client: createClient() });
  // @ts-expect-error no such option
  apiLimiter({ max: 5 });
}

export function plugins(): void {
  const { registerPlugin } = createPlugins(app);
  const analytics = registerPlugin('analytics', analyticsPlugin, { trackingId: 'a' });
  analytics.track('x');
  // @ts-expect-error it has to have an id
  registerPlugin('analytics', analyticsPlugin, {});
  // @ts-expect-error it takes options
  registerPlugin('analytics', analyticsPlugin);
  expectTypeOf(registerPlugin('rate-limit', rateLimitPlugin).status).returns.resolves.toHaveProperty('remaining');
  const db = definePlugin({ create: () => ({ api: { query: (sql: string) => sql.length } }) });
  const orders = definePlugin({
    dependsOn: [db, 'auth'],
    create: (options: { readonly max: number }) => ({
      api: { max: options.max },
      start: ({ use }) => {
        expectTypeOf(use(db).query).returns.toEqualTypeOf<number>();
        expectTypeOf(use('auth')).toEqualTypeOf<unknown>();
      },
    }),
  });
  expectTypeOf(registerPlugin('orders', orders, { max: 1 })).toEqualTypeOf<{ max: number }>();
}

export function container(): void {
  const shop = createContainer()
    .value('url', 'postgres:')
    .singleton('pool', ({ url }) => ({ url, end: () => {} }), { dispose: (pool) => pool.end() })
    .scoped('orders', ({ pool, request }) => ({ pool, ip: request.ip }));
  expectTypeOf(shop.get('pool').url).toEqualTypeOf<string>();
  // @ts-expect-error scoped values are a scope's
  shop.get('orders');
  // @ts-expect-error a singleton cannot need what is scoped
  shop.singleton('captive', ({ orders }) => orders);
  // @ts-expect-error nothing of that name
  shop.scoped('x', ({ mailer }) => mailer);
  app.get(
    '/d',
    pipeline(scopePerRequest(shop), (req) => expectTypeOf(req.scope.get('orders').ip).toEqualTypeOf<string | undefined>()),
  );
  app.get('/e', (req, res) => void res.json(scopeOf(shop, req).get('orders').pool.url));
}
