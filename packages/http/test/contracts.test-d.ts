// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.
import { type } from 'arktype';
import express from 'express';
import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import { fastifyRoutes } from '../src/fastify.ts';
import { type AppError, type Jsonified, mountRoutes, type Principal, reply, route, routes, validate } from '../src/index.ts';

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

export function mistakes(): void {
  // @ts-expect-error the response is not what its schema says
  route({ method: 'GET', path: '/a', response: z.object({ id: z.number() }) }, () => ({ id: 'x' }));
  // @ts-expect-error no value where one is promised
  route({ method: 'GET', path: '/a', response: z.object({ id: z.number() }) }, async () => {});
  // @ts-expect-error a GET has no body
  route({ method: 'GET', path: '/a', body: z.object({}) }, () => 1);
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
  expectTypeOf<Jsonified<Money>>().toEqualTypeOf<{ amount: number }>();
  expectTypeOf<Jsonified<(string | undefined)[]>>().toEqualTypeOf<(string | null)[]>();
  expectTypeOf<Jsonified<readonly [Date, (() => void)?]>>().toEqualTypeOf<readonly [string, null?]>();
  expectTypeOf<Jsonified<'a' | 1 | null>>().toEqualTypeOf<'a' | 1 | null>();
}
