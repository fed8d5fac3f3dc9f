const assert = require('node:assert/strict');
const fastifyMicro = require('@express-micro/fastify');
const { fastifyBase } = require('@express-micro/fastify/preset');
const Fastify = require('fastify');

async function main() {
  assert.equal(fastifyMicro.default, fastifyMicro);
  assert.equal((await import('@express-micro/fastify')).default, fastifyMicro);
  const orders = Fastify();
  // Without `await`, as CommonJS has it: the routes below are declared before the plugin runs.
  orders.register(fastifyMicro, { serviceName: 'order-service' });
  orders.get('/orders/:userId', async (request) => [{ userId: request.params.userId }]);
  await orders.listen({ port: 0, host: '127.0.0.1' });

  const users = Fastify();
  users.register(fastifyBase, { helmet: false, cors: false, compression: false });
  users.register(fastifyMicro, { serviceName: 'user-service', peers: [orders.listeningOrigin] });
  await users.listen({ port: 0, host: '127.0.0.1' });

  await users.micro.ready({ services: ['order-service'] });
  console.log(JSON.stringify(await users.micro.services.orderService.getOrders({ userId: 123 })));
  await Promise.all([users.close(), orders.close()]);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
