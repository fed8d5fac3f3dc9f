import fastifyMicro from '@express-micro/fastify';
import { createTestMesh as createOfFastify } from '@express-micro/fastify/testing';
import express from 'express';
import expressMicro from 'express-micro';
import { createTestMesh as createOfExpress } from 'express-micro/testing';
import Fastify from 'fastify';
import { expect, it } from 'vitest';

function paymentApp() {
  const app = express();
  expressMicro(app, { serviceName: 'payment-service', log: false });
  app.get('/payments/:id', (req, res) => void res.json({ id: req.params.id, by: 'Express' }));
  return app;
}

async function orderApp() {
  const app = Fastify();
  await app.register(fastifyMicro, { serviceName: 'order-service', log: false });
  app.get('/orders/:id', async ({ params }) => app.micro.services['payment-service'].getPayment(params));
  app.get('/internal', { onRequest: app.micro.internal() }, async (request) => app.micro.caller(request));
  return app;
}

it.each([
  ['Fastify', createOfFastify],
  ['Express', createOfExpress],
])('apps of Express and Fastify play in one test mesh, that of %s', async (_whose, create) => {
  // The types of Express's know of Express alone.
  const mesh = create() as ReturnType<typeof createOfFastify>;
  const orders = await mesh.service('order-service', await orderApp());
  const payments = await mesh.service('payment-service', paymentApp());
  await mesh.ready();
  expect(await (await orders.fetch('/orders/7')).json()).toEqual({ id: '7', by: 'Express' });
  expect(await payments.services['order-service'].getInternal()).toMatchObject({ service: 'payment-service' });
  mesh.faults.down('payment-service');
  expect((await orders.fetch('/orders/7')).status).toBe(503);
  await mesh.close();
});

it('an app of the other framework is an error that says what is missing', async () => {
  const stage = Reflect.get(globalThis, Symbol.for('express-micro.test-stage.1')) as { kinds: Map<string, unknown> };
  const known = stage.kinds.get('express-micro/testing');
  stage.kinds.delete('express-micro/testing');
  const mesh = createOfFastify();
  await expect(mesh.service('payment-service', paymentApp())).rejects.toMatchObject({
    code: 'MESH_OPTION_INVALID',
    message: expect.stringMatching(/takes a Fastify app.*own entry for tests/),
  });
  stage.kinds.set('express-micro/testing', known);
  await mesh.close();
});
