const assert = require('node:assert/strict');
const { createTestMesh } = require('@express-micro/fastify/testing');
const fastifyMicro = require('@express-micro/fastify');
const Fastify = require('fastify');

async function main() {
  assert.equal((await import('@express-micro/fastify/testing')).createTestMesh, createTestMesh);
  const app = Fastify();
  app.register(fastifyMicro, { serviceName: 'cart-service' });
  app.get('/carts/:sku', async (request) => app.micro.services.priceService.getPrice({ sku: request.params.sku }));

  const mesh = createTestMesh();
  const carts = await mesh.service('cart-service', app);
  mesh.stub('price-service', { 'GET /prices/:sku': { price: 5 } });
  await mesh.ready();
  assert.deepEqual(await (await carts.fetch('/carts/pen')).json(), { price: 5 });
  mesh.faults.down('price-service');
  assert.equal((await carts.fetch('/carts/pen')).status, 503);
  await mesh.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
