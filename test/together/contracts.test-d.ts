// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.
import { reply, route, routes } from '@express-micro/http';
import type { RemoteFailure, ServicesOf } from '@express-micro/mesh';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

const Order = z.object({ id: z.number(), createdAt: z.date(), note: z.string().optional() });

const orderRoutes = routes({
  getOrders: route(
    {
      method: 'GET',
      path: '/users/:userId/orders',
      params: z.object({ userId: z.coerce.number() }),
      query: z.object({ limit: z.number().default(20), since: z.date().optional() }),
      response: z.array(Order),
    },
    () => [],
  ),
  createOrder: route(
    {
      method: 'POST',
      path: '/orders',
      body: z.object({ sku: z.string(), count: z.number().default(1) }),
      status: 201,
      response: Order,
      errors: {
        OUT_OF_STOCK: { status: 409, data: z.object({ sku: z.string(), since: z.date() }) },
        CLOSED: { status: 503 },
      },
    },
    () => ({ id: 1, createdAt: new Date() }),
  ),
  getOrder: route({ method: 'GET', path: '/orders/:id' }, ({ params }) => reply({ id: params.id, at: new Date() })),
  getHealth: route({ method: 'GET', path: '/health', query: z.object({ deep: z.boolean().optional() }) }, async () => 'up'),
  acknowledge: route({ method: 'PUT', path: '/orders/:id/seen', status: 204 }, () => ({ isLost: true })),
  deleteOrder: route({ method: 'DELETE', path: '/orders/:id' }, async () => {}),
  importOrders: route({ method: 'POST', path: '/imports', body: z.array(z.string()) }, ({ body }) => ({ count: body.length })),
  updateOrder: route({ method: 'PUT', path: '/orders/:id', body: z.object({ id: z.number() }) }, ({ body }) => body),
  search: route(
    { method: 'POST', path: '/search', query: z.object({ page: z.number() }), body: z.object({ q: z.string() }) },
    () => 1,
  ),
});

interface Declared {
  orderService: typeof orderRoutes;
  mixed: { getOrders: typeof orderRoutes.getOrders; old(args: { id: number }): Promise<string> };
}
declare const services: ServicesOf<Declared>;

type Order = { id: number; createdAt: string; note?: string | undefined };

export async function calls(): Promise<void> {
  const { orderService } = services;
  expectTypeOf(await orderService.getOrders({ userId: 123 })).toEqualTypeOf<Order[]>();
  await orderService.getOrders({ userId: 123, limit: 5, since: new Date() }, { timeoutMs: 5 });
  // @ts-expect-error an argument of another type
  await orderService.getOrders({ userId: 'x' });
  // @ts-expect-error an argument that is missing
  await orderService.getOrders({ limit: 5 });
  // @ts-expect-error an argument that there is not
  await orderService.getOrders({ userId: 1, page: 5 });
  // @ts-expect-error no arguments where some are needed
  await orderService.getOrders();

  expectTypeOf(await orderService.createOrder({ sku: 'pen' })).toEqualTypeOf<Order>();
  // @ts-expect-error what JSON does not have
  (await orderService.createOrder({ sku: 'pen' })).createdAt.getTime();
  expectTypeOf(await orderService.getOrder({ id: 7 })).toEqualTypeOf<{ readonly id: string; readonly at: string }>();
  expectTypeOf(await orderService.getHealth()).toEqualTypeOf<string>();
  expectTypeOf(await orderService.deleteOrder({ id: 7 })).toEqualTypeOf<undefined>();
  expectTypeOf(await orderService.acknowledge({ id: 7 })).toEqualTypeOf<undefined>();

  const response = await orderService.getOrders.request({ params: { userId: 1 }, query: { limit: 2 }, timeoutMs: 5 });
  expectTypeOf(response.data).toEqualTypeOf<Order[]>();
  // @ts-expect-error the parameters are missing
  await orderService.getOrders.request({ query: { limit: 2 } });
  // @ts-expect-error a GET has no body
  await orderService.getOrders.request({ params: { userId: 1 }, body: {} });
  await orderService.getHealth.request();

  // What one object of arguments cannot say is said with three.
  // @ts-expect-error the body is a list
  await orderService.importOrders(['a']);
  expectTypeOf((await orderService.importOrders.request({ body: ['a'] })).data).toEqualTypeOf<{ count: number }>();
  // @ts-expect-error `id` stands in the path and in the body
  await orderService.updateOrder({ id: 1 });
  await orderService.updateOrder.request({ params: { id: 1 }, body: { id: 1 } });
  // @ts-expect-error a query and a body
  await orderService.search({ q: 'pen' });
  await orderService.search.request({ query: { page: 1 }, body: { q: 'pen' } });

  expectTypeOf(await services.mixed.getOrders({ userId: 1 })).toEqualTypeOf<Order[]>();
  expectTypeOf(await services.mixed.old({ id: 1 })).toEqualTypeOf<string>();
  expectTypeOf(services.mixed.old.errorOf(1)).toEqualTypeOf<RemoteFailure | undefined>();
  expectTypeOf(services.unknownService.anything({ a: 1 })).toBeAny();
}

export function failures(error: unknown): string | undefined {
  const known = services.orderService.createOrder.errorOf(error);
  if (known?.code === 'OUT_OF_STOCK') {
    expectTypeOf(known).toEqualTypeOf<{
      readonly code: 'OUT_OF_STOCK';
      readonly status: 409;
      readonly message: string;
      readonly data: { sku: string; since: string };
    }>();
    return known.data.sku;
  }
  switch (known?.code) {
    case undefined:
      break;
    case 'CLOSED':
      break;
    default:
      // There is no other.
      expectTypeOf(known).toEqualTypeOf<never>();
  }
  // A contract that declares none has none.
  expectTypeOf(services.orderService.getOrders.errorOf(error)).toEqualTypeOf<undefined>();
  if (known?.code === 'CLOSED') expectTypeOf(known.data).toEqualTypeOf<undefined>();
  // @ts-expect-error a code that is not declared
  if (known?.code === 'SOLD_OUT') return 'x';
  return undefined;
}
