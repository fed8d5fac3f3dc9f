// The entries for tests: no port, no key, and the process ends by itself.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { simulate } from '@express-micro/mesh/testing';
import express from 'express';
import expressMicro, { MeshError } from 'express-micro';
import { createTestMesh } from 'express-micro/testing';

const require = createRequire(import.meta.url);
assert.equal(require('express-micro/testing').createTestMesh, createTestMesh);
assert.equal(require('@express-micro/mesh/testing').simulate, simulate);

const app = express();
const { services } = expressMicro(app, { serviceName: 'user-service', log: false });
app.get('/users/:id/orders', async (req, res) => {
  res.json(await services.orderService.getOrders({ userId: req.params.id }));
});

const mesh = createTestMesh();
const users = mesh.service('user-service', app);
const orders = mesh.stub('order-service', { 'GET /orders/:userId': ({ params }) => [params] });
await mesh.ready();
assert.deepEqual(await (await users.fetch('/users/123/orders')).json(), [{ userId: '123' }]);
mesh.faults.slow(orders, 60_000);
assert.equal((await users.fetch('/users/123/orders')).status, 504);
assert.equal(mesh.clock.nowMs, 10_000);
await assert.rejects(users.services.orderService.getOrders({ userId: 1 }), MeshError);
await mesh.close();

const fleet = simulate(1);
const first = fleet.start();
fleet.start([first]);
assert.equal(
  fleet.run(10_000, () => fleet.disagreements().length === 0 && first.sees().p2 === 'ALIVE'),
  true,
);
