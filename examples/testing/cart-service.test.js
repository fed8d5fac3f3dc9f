// #region fastify
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createTestMesh } from '@express-micro/fastify/testing'; // before the app, as for Express
import { app } from './cart-service.js';

let mesh, carts;

beforeEach(async () => {
  mesh = createTestMesh({ seed: 42 });
  carts = await mesh.service('cart-service', app); // loads the app, and makes it ready
  mesh.stub('price-service', { 'GET /prices/:sku': ({ params }) => ({ sku: params.sku, price: 5 }) });
  await mesh.ready();
});
afterEach(() => mesh.close());

test('a cart has prices', async () => {
  assert.deepEqual(await (await carts.fetch('/carts/pen')).json(), { sku: 'pen', price: 5 });
  assert.equal((await app.inject('/carts/pen')).json().price, 5); // Fastify's own way in
});

test('prices that take too long: five seconds pass, and the test takes none of them', async () => {
  mesh.faults.slow('price-service', 60_000);
  assert.equal((await carts.fetch('/carts/pen')).status, 504);
  assert.equal(mesh.clock.nowMs, 5_000);
});
// #endregion
