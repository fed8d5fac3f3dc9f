const { createTestMesh } = require('express-micro/testing');
const express = require('express');
const expressMicro = require('express-micro');

const app = express();
const { services } = expressMicro(app, { serviceName: 'user-service', log: false });
app.get('/users/:id/orders', async (req, res) => {
  res.json(await services.orderService.getOrders({ userId: req.params.id }));
});

/** @type {ReturnType<typeof createTestMesh>} */
let mesh;
afterEach(() => mesh.close());

test.each(['real', 'fake'])('an app is tested under Jest, with %s timers', async (timers) => {
  // Express itself answers errors in an immediate.
  if (timers === 'fake') jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  mesh = createTestMesh();
  const users = mesh.service('user-service', app);
  mesh.stub('order-service', { 'GET /orders/:userId': ({ params }) => Response.json([params]) });
  await mesh.ready();
  expect(await (await users.fetch('/users/123/orders')).json()).toEqual([{ userId: '123' }]);
  mesh.faults.slow('order-service', 60_000);
  expect((await users.fetch('/users/123/orders')).status).toBe(504);
  expect(mesh.clock.nowMs).toBe(10_000);
  jest.useRealTimers();
});
