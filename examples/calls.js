import { MeshError } from 'express-micro';

// The forms of a call, for a `services` that knows an order-service.
export async function placeOrder(services, signal) {
  // #region forms
  // Path parameters by name; the rest goes to the query (GET, HEAD, DELETE) or to the JSON body (POST, PUT, PATCH).
  const orders = await services.orderService.getOrders({ userId: 1, page: 2 });

  // Options of one call.
  const order = await services.orderService.createOrder(
    { userId: 1, item: 'keyboard' },
    { timeoutMs: 2_000, signal, headers: { 'accept-language': 'de' }, idempotencyKey: 'order-4711' },
  );

  // Everything apart, and the whole response.
  const response = await services.orderService.getOrders.request({ params: { userId: 1 }, query: { tag: ['new', 'paid'] } });
  console.log(response.status, response.headers['content-type'], response.data, response.instance);

  // A body to be read as it comes.
  const { body } = await services.orderService.getOrders.stream({ params: { userId: 1 } });
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  // #endregion
  return { orders, order, bytes };
}

export async function nameOf(services, id) {
  // #region errors
  try {
    return await services.userService.getUser({ id });
  } catch (error) {
    if (error instanceof MeshError && error.status === 404) return undefined; // the answer of user-service, with its `data`
    throw error; // uncaught in an Express 5 handler it becomes a response: 503, 504 or the remote status
  }
  // #endregion
}
