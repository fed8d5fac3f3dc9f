// #region routes
import { route, routes } from '@express-micro/http';
import { z } from 'zod';

const Order = z.object({ id: z.int(), sku: z.string(), count: z.int(), at: z.date() }).meta({ id: 'Order' });

export const orderRoutes = routes({
  getOrder: route(
    {
      method: 'GET',
      path: '/orders/:id',
      params: z.object({ id: z.int() }),
      response: Order,
      summary: 'One order',
      tags: ['orders'],
    },
    ({ params }) => ({ id: params.id, sku: 'pen', count: 1, at: new Date() }),
  ),
  createOrder: route(
    {
      method: 'POST',
      path: '/orders',
      body: z.object({ sku: z.string(), count: z.int().positive().default(1) }),
      status: 201,
      response: Order,
      errors: { OUT_OF_STOCK: { status: 409, data: z.object({ left: z.int() }) } },
      tags: ['orders'],
    },
    ({ body, errors }) => {
      if (body.count > 9) throw errors.OUT_OF_STOCK({ left: 9 });
      return { id: 1, ...body, at: new Date() };
    },
  ),
});
// #endregion
