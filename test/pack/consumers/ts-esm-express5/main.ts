import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import expressMicro, { MicroError, type Services } from 'express-micro';
import { dnsSource } from 'express-micro/sources/dns';

interface Order {
  userId: string;
}

declare module 'express-micro' {
  interface Services {
    orderService: {
      getOrders(args: { userId: number }): Promise<Order[]>;
    };
  }
}

async function main(): Promise<void> {
  const orders = express();
  orders.get('/orders/:userId', (req, res) => {
    res.json([{ userId: req.params.userId }]);
  });
  const orderService = expressMicro(orders, { serviceName: 'order-service', host: '127.0.0.1' });
  const orderServer = orders.listen(0, '127.0.0.1');
  await once(orderServer, 'listening');

  const users = express();
  const peers = [`http://127.0.0.1:${(orderServer.address() as AddressInfo).port}`];
  const userService = expressMicro(users, { serviceName: 'user-service', host: '127.0.0.1', peers });
  const userServer = users.listen(0, '127.0.0.1');

  await userService.ready({ services: ['order-service'] });
  const answer: Order[] = await userService.services.orderService.getOrders({ userId: 123 });
  console.log(JSON.stringify(answer));

  await Promise.all([userService.close(), orderService.close()]);
  userServer.close();
  orderServer.close();
}

/** Never called: these lines are for the compiler. */
export function refused(services: Services): void {
  // @ts-expect-error the merged interface wants a number
  void services.orderService.getOrders({ userId: true });
  expressMicro(express(), { source: dnsSource({ names: ['orders.example.com:3000'] }) });
  // @ts-expect-error an option of the wrong type
  expressMicro(express(), { serviceName: 1 });
}

main().catch((error: unknown) => {
  console.error(error instanceof MicroError ? error.code : '', error);
  process.exit(1);
});
