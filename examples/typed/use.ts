import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const { services } = expressMicro(app, { serviceName: 'reports' });

export async function itemsOf(userId: number): Promise<string[]> {
  const orders = await services.orderService.getOrders({ userId });
  return orders.map((order) => order.item); // `order` is an Order
}
