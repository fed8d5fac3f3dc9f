// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.

import type { ServicesOf } from '@express-micro/mesh';
import { expectTypeOf } from 'vitest';

interface Order {
  id: number;
}
interface Declared {
  orderService: {
    getOrders(args: { userId: number }): Promise<Order[]>;
    listAll(): Promise<Order[]>;
    search(args?: { text?: string }): Promise<Order[]>;
  };
}
declare const services: ServicesOf<Declared>;

export async function types(): Promise<void> {
  expectTypeOf(await services.orderService.getOrders({ userId: 1 })).toEqualTypeOf<Order[]>();
  expectTypeOf(await services.orderService.listAll()).toEqualTypeOf<Order[]>();
  expectTypeOf(await services.orderService.search()).toEqualTypeOf<Order[]>();
  expectTypeOf(await services.orderService.search({ text: 'a' }, { timeoutMs: 5 })).toEqualTypeOf<Order[]>();
  expectTypeOf((await services.orderService.getOrders.request({ params: { userId: 1 } })).data).toEqualTypeOf<Order[]>();
  // @ts-expect-error an argument that is not declared
  await services.orderService.getOrders({ userId: 1, page: 2 });
  // @ts-expect-error an argument that is missing
  await services.orderService.getOrders({});
  // @ts-expect-error no arguments where some are needed
  await services.orderService.getOrders();
  // @ts-expect-error a function that is not declared
  await services.orderService.getOrder({ userId: 1 });
  // @ts-expect-error an unknown option of a call
  await services.orderService.getOrders({ userId: 1 }, { timeout: 5 });
  // What is not declared stays comfortable.
  expectTypeOf(services.userService.getUser({ id: 1 })).toBeAny();
}
