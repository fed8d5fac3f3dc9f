import fastifyMicro from '@express-micro/fastify';
import { createTestMesh, type TestMesh, type TestService } from '@express-micro/fastify/testing';
import Fastify from 'fastify';

async function main(): Promise<void> {
  const app = Fastify();
  await app.register(fastifyMicro, { serviceName: 'order-service' });
  app.get<{ Params: { userId: string } }>('/orders/:userId', async (request) => [{ userId: request.params.userId }]);

  const mesh: TestMesh = createTestMesh({ seed: 1 });
  const orders: TestService = await mesh.service('order-service', app);
  const shop = mesh.stub('shop');
  await mesh.ready();
  // As main.ts declares it.
  const [order] = await shop.services.orderService.getOrders({ userId: 7 });
  if (order?.userId !== '7') throw new Error(JSON.stringify(order));
  if ((await orders.fetch('/nowhere')).status !== 404) throw new Error('it answers what it has not');
  await mesh.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
