import 'express-micro';

interface Order {
  id: number;
  userId: number;
  item: string;
}

declare module 'express-micro' {
  interface Services {
    orderService: {
      getOrders(args: { userId: number; page?: number }): Promise<Order[]>;
      createOrder(args: { userId: number; item: string }): Promise<Order>;
    };
  }
}
