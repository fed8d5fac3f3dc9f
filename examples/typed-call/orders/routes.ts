// #region contracts
import { NotFoundError, route, routes } from '@express-micro/http';
import { z } from 'zod';

const Order = z.object({ id: z.number(), userId: z.number(), sku: z.string(), createdAt: z.date() });

export const orderRoutes = routes({
  getOrders: route(
    {
      method: 'GET',
      path: '/users/:userId/orders',
      params: z.object({ userId: z.number() }),
      query: z.object({ limit: z.number().max(100).default(20) }),
      response: z.array(Order),
    },
    ({ params, query }) => orders.filter(({ userId }) => userId === params.userId).slice(0, query.limit),
  ),
  createOrder: route(
    {
      method: 'POST',
      path: '/orders',
      body: z.object({ userId: z.number(), sku: z.string() }),
      status: 201,
      response: Order,
      errors: { OUT_OF_STOCK: { status: 409, data: z.object({ sku: z.string(), left: z.number() }) } },
    },
    ({ body, errors }) => {
      const left = stock.get(body.sku);
      if (left === undefined) throw new NotFoundError(`There is no ${body.sku}`);
      if (left === 0) throw errors.OUT_OF_STOCK({ sku: body.sku, left });
      return place(body);
    },
  ),
});
// #endregion

const stock = new Map([
  ['pen', 3],
  ['ink', 0],
]);
const orders: z.output<typeof Order>[] = [];

function place({ userId, sku }: { userId: number; sku: string }) {
  const order = { id: orders.length + 1, userId, sku, createdAt: new Date() };
  stock.set(sku, (stock.get(sku) ?? 0) - 1);
  orders.push(order);
  return order;
}
