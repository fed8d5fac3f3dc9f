// The entry for tests: no port, no key, and the process ends by itself.
const assert = require('node:assert/strict');
const { createTestMesh } = require('express-micro/testing');
const express = require('express');
const expressMicro = require('express-micro');

const app = express();
const { services } = expressMicro(app, { serviceName: 'user-service', log: false });
app.get('/users/:id/orders', (req, res, next) => {
  services.orderService.getOrders({ userId: req.params.id }).then((orders) => res.json(orders), next);
});

async function main() {
  const mesh = createTestMesh();
  const users = mesh.service('user-service', app);
  const orders = mesh.stub('order-service', { 'GET /orders/:userId': ({ params }) => [params] });
  await mesh.ready();
  assert.deepEqual(await (await users.fetch('/users/123/orders')).json(), [{ userId: '123' }]);
  mesh.faults.down(orders);
  assert.equal((await users.fetch('/users/123/orders')).status, 503);
  await assert.rejects(users.services.orderService.getOrders({ userId: 1 }), expressMicro.MeshError);
  await mesh.close();
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name !== 'Immediate' && !/Wrap$/.test(name)),
    [],
  );
  const imported = await import('express-micro/testing');
  assert.equal(imported.createTestMesh, createTestMesh);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
