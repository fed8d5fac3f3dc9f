import fastifyMicro, { MicroError, type Services } from '@express-micro/fastify';
import { baseOptions, fastifyBase } from '@express-micro/fastify/preset';
import Fastify from 'fastify';

interface Order {
  userId: string;
}

declare module '@express-micro/fastify' {
  interface Services {
    orderService: {
      getOrders(args: { userId: number }): Promise<Order[]>;
    };
  }
}

async function main(): Promise<void> {
  const orders = Fastify(baseOptions({ level: 'warn' }));
  await orders.register(fastifyMicro, { serviceName: 'order-service' });
  orders.get<{ Params: { userId: string } }>('/orders/:userId', { config: { name: 'getOrders' } }, async (request) => [
    { userId: request.params.userId },
  ]);
  await orders.listen({ port: 0, host: '127.0.0.1' });

  const users = Fastify();
  await users.register(fastifyMicro, { serviceName: 'user-service', peers: [orders.listeningOrigin] });
  await users.listen({ port: 0, host: '127.0.0.1' });

  await users.micro.ready({ services: ['order-service'] });
  const answer: Order[] = await users.micro.services.orderService.getOrders({ userId: 123 });
  console.log(JSON.stringify(answer));

  // Its parts are packages that nobody has installed here.
  const bare = Fastify();
  await bare.register(fastifyBase, { helmet: false, cors: false, compression: false });
  const refused = await Promise.resolve(Fastify().register(fastifyBase, {})).then(
    () => 'nothing was missing',
    (error: Error) => error.message,
  );
  if (!refused.includes('npm install @fastify/helmet')) throw new Error(refused);

  await Promise.all([users.close(), orders.close()]);
}

/** Never called: these lines are for the compiler. */
export function refused(services: Services): void {
  // @ts-expect-error the merged interface wants a number
  void services.orderService.getOrders({ userId: true });
  // @ts-expect-error an option of the wrong type
  void fastifyMicro(Fastify(), { serviceName: 1 });
}

main().catch((error: unknown) => {
  console.error(error instanceof MicroError ? error.code : '', error);
  process.exit(1);
});
