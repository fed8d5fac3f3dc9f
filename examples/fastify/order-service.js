// #region plugin
import fastifyMicro from '@express-micro/fastify';
import Fastify from 'fastify';

const app = Fastify();
await app.register(fastifyMicro, { serviceName: 'order-service', peers: ['http://127.0.0.1:3010'] });

app.get('/orders/:userId', async function getOrders(request) {
  const user = await app.micro.services.userService.getUser({ id: request.params.userId }); // 404 there is 404 here
  return [{ id: 1, for: user.name, item: 'keyboard' }];
});

await app.listen({ port: 3011, host: '127.0.0.1' });
// #endregion
console.log('order-service listens on http://127.0.0.1:3011');
