import fastifyMicro from '@express-micro/fastify';
import Fastify from 'fastify';

// The app alone: another file lets it listen, `app.listen({ port: 3004 })`.
export const app = Fastify();
await app.register(fastifyMicro, { serviceName: 'cart-service', timeoutMs: 5_000 });

app.get('/carts/:sku', async (request) => {
  const { sku } = request.params;
  const { price } = await app.micro.services.priceService.getPrice({ sku }); // fails: 503, 504, or the status from there
  return { sku, price };
});
