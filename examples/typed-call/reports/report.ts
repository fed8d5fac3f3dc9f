import type { Micro } from 'express-micro';

export async function report({ services }: Micro, userId: number): Promise<string[]> {
  const orders = await services.orderService.getOrders({ userId, limit: 50 });
  return orders.map((order) => `${order.createdAt.slice(0, 10)} ${order.sku}`); // a Date has become a text
}

export async function reorder({ services }: Micro, userId: number, sku: string): Promise<string> {
  const { createOrder } = services.orderService;
  try {
    return `order ${(await createOrder({ userId, sku })).id}`;
  } catch (error) {
    const known = createOrder.errorOf(error);
    if (known?.code === 'OUT_OF_STOCK') return `only ${known.data.left} ${known.data.sku} left`;
    throw error;
  }
}
