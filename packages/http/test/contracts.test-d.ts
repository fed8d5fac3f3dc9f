// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.
import { type } from 'arktype';
import express from 'express';
import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import { fastifyRoutes } from '../src/fastify.ts';
import {
  type AppError,
  apiLimiter,
  authenticate,
  authorize,
  composite,
  createRoles,
  type IdentifyingMiddleware,
  identify,
  type Jsonified,
  type Middleware,
  mountRoutes,
  type Principal,
  pipeline,
  provide,
  type RouteDefinition,
  reply,
  route,
  routes,
  type Tokens,
  validate,
} from '../src/index.ts';

const Order = z.object({ id: z.number(), state: z.enum(['draft', 'paid']), createdAt: z.date(), note: z.string().optional() });
type Order = z.infer<typeof Order>;
declare const order: Order;

export const orderRoutes = routes({
  getOrders: route(
    {
      method: 'GET',
      path: '/users/:userId/orders',
      params: z.object({ userId: z.coerce.number() }),
      query: z.object({ limit: z.number().default(20), tag: z.array(z.string()).optional() }),
      response: z.array(Order),
    },
    async ({ params, query, body, principal, signal, requestId, headers }) => {
      expectTypeOf(params).toEqualTypeOf<{ userId: number }>();
      expectTypeOf(query.limit).toEqualTypeOf<number>();
      expectTypeOf(body).toEqualTypeOf<undefined>();
      expectTypeOf(principal).toEqualTypeOf<Principal | undefined>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(requestId).toEqualTypeOf<string>();
      expectTypeOf(headers.accept).toEqualTypeOf<string | undefined>();
      return [{ id: 1, state: 'draft', createdAt: new Date() }];
    },
  ),
  createOrder: route(
    {
      method: 'POST',
      path: '/orders',
      body: z.object({ sku: z.string(), count: z.coerce.number().default(1) }),
      status: 201,
      response: Order,
      errors: {
        OUT_OF_STOCK: { status: 409, data: z.object({ sku: z.string(), since: z.date() }) },
        CLOSED: { status: 503 },
      },
    },
    ({ body, errors }) => {
      expectTypeOf(body).toEqualTypeOf<{ sku: string; count: number }>();
      expectTypeOf(errors.OUT_OF_STOCK).toEqualTypeOf<(data: { sku: string; since: Date }, message?: string) => AppError>();
      expectTypeOf(errors.CLOSED).toEqualTypeOf<(message?: string) => AppError>();
      // @ts-expect-error an error that is not declared
      errors.SOLD_OUT;
      return reply(order, { headers: { location: `/orders/${order.id}` } });
    },
  ),
  getOrder: route({ method: 'GET', path: '/orders/:id' }, ({ params }) => {
    expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>();
    return { id: params.id, at: new Date(), total: 5n as unknown as number };
  }),
  deleteOrder: route({ method: 'DELETE', path: '/orders/:id' }, async () => {}),
  importOrders: route({ method: 'POST', path: '/imports', body: z.array(z.string()) }, ({ body }) => ({ count: body.length })),
});

export function ofOtherLibraries(): void {
  route(
    {
      method: 'PUT',
      path: '/a/:id',
      params: type({ id: 'string' }),
      body: type({ n: 'number', 'm?': 'string' }),
      response: type({ ok: 'boolean' }),
    },
    ({ params, body }) => {
      expectTypeOf(params).toEqualTypeOf<{ id: string }>();
      expectTypeOf(body.m).toEqualTypeOf<string | undefined>();
      return { ok: body.n > 1 };
    },
  );
  route(
    { method: 'PUT', path: '/v/:id', body: v.object({ n: v.number() }), response: v.object({ ok: v.boolean() }) },
    ({ params, body }) => {
      expectTypeOf(params.id).toEqualTypeOf<string>();
      expectTypeOf(body.n).toEqualTypeOf<number>();
      return { ok: true };
    },
  );
}

/** A guard of one's own: what it adds is what it declares. */
declare const partnersOnly: IdentifyingMiddleware<Principal & { readonly partner: string }>;
declare const tokens: Tokens;
declare const others: Middleware[];

export function whoCalls(): void {
  const known = (definition: Pick<RouteDefinition, 'use'>) => definition;
  route({ method: 'GET', path: '/a', use: [authenticate(tokens)] }, ({ principal }) => {
    expectTypeOf(principal).toEqualTypeOf<Principal>();
    return principal.id;
  });
  const loadUser = provide(() => ({ user: 1 }));
  route({ method: 'GET', path: '/b', use: [...others, apiLimiter(), loadUser, authorize('admin')] }, ({ principal }) => {
    expectTypeOf(principal).toEqualTypeOf<Principal>();
  });
  const member = composite('member', authenticate(tokens), loadUser);
  route({ method: 'GET', path: '/c', use: [member] }, ({ principal }) => expectTypeOf(principal).toEqualTypeOf<Principal>());
  route({ method: 'GET', path: '/d', use: [partnersOnly] }, ({ principal }) => principal.partner);
  const roles = createRoles({ admin: ['orders:write'] });
  route({ method: 'GET', path: '/e', use: [roles.requirePermissions('orders:write')] }, ({ principal }) => principal.roles);
  pipeline(authenticate(tokens), (req) => expectTypeOf(req.principal).toEqualTypeOf<Principal>());

  // Whoever lets strangers in, may not be there, or says nothing, makes nothing sure.
  const maybe = Math.random() > 0.5;
  const maybeOne = maybe ? authenticate(tokens) : loadUser;
  const listed: ReturnType<typeof authenticate>[] = [];
  const forAll = known({ use: [authenticate(tokens)] });
  route({ method: 'GET', path: '/f', use: [identify(tokens)] }, ({ principal }) =>
    expectTypeOf(principal).toEqualTypeOf<Principal | undefined>(),
  );
  route({ method: 'GET', path: '/g', use: [apiLimiter()] }, ({ principal }) =>
    expectTypeOf(principal).toEqualTypeOf<Principal | undefined>(),
  );
  route({ method: 'GET', path: '/h', use: [maybeOne] }, ({ principal }) =>
    expectTypeOf(principal).toEqualTypeOf<Principal | undefined>(),
  );
  route({ method: 'GET', path: '/i', use: listed }, ({ principal }) =>
    expectTypeOf(principal).toEqualTypeOf<Principal | undefined>(),
  );
  route({ method: 'GET', path: '/j', ...forAll }, ({ principal }) =>
    expectTypeOf(principal).toEqualTypeOf<Principal | undefined>(),
  );
}

export function mistakes(): void {
  // @ts-expect-error the response is not what its schema says
  route({ method: 'GET', path: '/a', response: z.object({ id: z.number() }) }, () => ({ id: 'x' }));
  // @ts-expect-error no value where one is promised
  route({ method: 'GET', path: '/a', response: z.object({ id: z.number() }) }, async () => {});
  // @ts-expect-error a GET has no body
  route({ method: 'GET', path: '/a', body: z.object({}) }, () => 1);
  // @ts-expect-error an answer of 204 has no content
  route({ method: 'DELETE', path: '/a', status: 204, response: z.object({}) }, () => ({}));
  // @ts-expect-error a wildcard means something else on each framework
  route({ method: 'GET', path: '/files/*rest' }, () => 1);
  // @ts-expect-error the schema lacks the parameter of the path
  route({ method: 'GET', path: '/users/:id', params: z.object({ userId: z.string() }) }, () => 1);
  // @ts-expect-error the path lacks the parameter of the schema
  route({ method: 'GET', path: '/users/:id', params: z.object({ id: z.string(), page: z.string() }) }, () => 1);
  // @ts-expect-error an option that there is not
  route({ method: 'GET', path: '/a', respnse: z.string() }, () => 'a');
  // @ts-expect-error no schema
  route({ method: 'GET', path: '/a', query: { limit: 'number' } }, () => 1);
  // @ts-expect-error a method that there is not
  route({ method: 'get', path: '/a' }, () => 1);
  // @ts-expect-error a parameter that the path does not have
  route({ method: 'GET', path: '/users/:id' }, ({ params }) => params.userId);
}

export async function mounted(): Promise<void> {
  const app = express();
  mountRoutes(app, orderRoutes);
  mountRoutes(express.Router(), orderRoutes, { checkResponse: 'always', unknownKeys: 'strip' });
  // @ts-expect-error an option that there is not
  mountRoutes(app, orderRoutes, { checkResponses: true });
  const { default: fastify } = await import('fastify');
  await fastify().register(fastifyRoutes(orderRoutes), { prefix: '/api' });
  await fastify({ logger: true }).register(fastifyRoutes(orderRoutes));
}

export function validated(): void {
  const app = express();
  app.post(
    '/orders/:id',
    validate({
      body: z.object({ sku: z.string() }),
      query: z.object({ limit: z.number() }),
      params: z.object({ id: z.string() }),
    }),
    (req, res) => {
      expectTypeOf(req.body).toEqualTypeOf<{ sku: string }>();
      expectTypeOf(req.query).toEqualTypeOf<{ limit: number }>();
      expectTypeOf(req.params).toEqualTypeOf<{ id: string }>();
      res.json(req.body.sku);
    },
  );
  // @ts-expect-error a part that there is not
  validate({ boddy: z.object({}) });
  // @ts-expect-error no schema
  validate({ body: { sku: 'string' } });
}

class Money {
  amount = 1;
  plus(other: Money): Money {
    return other;
  }
}

export function written(): void {
  expectTypeOf<Jsonified<{ at: Date; url: URL; note?: string }>>().toEqualTypeOf<{ at: string; url: string; note?: string }>();
  // What is not known stays so: `{}` would say that it is not null.
  expectTypeOf<Jsonified<unknown>>().toEqualTypeOf<unknown>();
  expectTypeOf<Jsonified<{ meta: unknown; all: unknown[] }>>().toEqualTypeOf<{ meta: unknown; all: unknown[] }>();
  expectTypeOf<Jsonified<Record<string, unknown>>>().toEqualTypeOf<Record<string, unknown>>();
  // A property that JSON leaves out is not there; in a list it is null.
  expectTypeOf<Jsonified<Money>>().toEqualTypeOf<{ amount: number; plus: undefined }>();
  expectTypeOf<Jsonified<(string | undefined)[]>>().toEqualTypeOf<(string | null)[]>();
  expectTypeOf<Jsonified<readonly [Date, (() => void)?]>>().toEqualTypeOf<readonly [string, null?]>();
  expectTypeOf<Jsonified<'a' | 1 | null>>().toEqualTypeOf<'a' | 1 | null>();
}
