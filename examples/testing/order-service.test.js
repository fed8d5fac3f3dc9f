// #region first
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createTestMesh } from 'express-micro/testing'; // before the app: it then joins no mesh but that of the test
import { app } from './order-service.js';

let mesh, orders, payments;

beforeEach(async () => {
  mesh = createTestMesh({ seed: 42 });
  orders = mesh.service('order-service', app);
  payments = mesh.stub('payment-service', { 'POST /payments': ({ body }) => ({ id: `p-${body.amount}` }) });
  mesh.stub('shipping-service', { 'GET /parcels/:id': ({ params }) => ({ id: params.id, at: 'the door' }) });
  await mesh.ready();
});
afterEach(() => mesh.close());

const order = (amount) =>
  orders.fetch('/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ item: 'keyboard', amount }),
  });

test('an order is paid', async () => {
  const answer = await order(30);
  assert.equal(answer.status, 201);
  assert.equal((await answer.json()).payment, 'p-30');
  assert.deepEqual(payments.requests[0].body, { amount: 30 });
  assert.equal(payments.requests[0].caller.service, 'order-service');
});

test('without payment there is no order, and the customer may come back', async () => {
  mesh.faults.down('payment-service');
  assert.equal((await order(30)).status, 503);
});
// #endregion

// #region faults
test('a payment that takes too long: five seconds pass, and the test takes none of them', async () => {
  mesh.faults.slow('payment-service', 60_000);
  assert.equal((await order(30)).status, 504);
  assert.equal(mesh.clock.nowMs, 5_000);
  assert.equal(payments.requests.length, 1); // it has run: the order may have been paid
});

test('a payment service of which one instance is down', async () => {
  const second = mesh.stub('payment-service', { 'POST /payments': () => ({ id: 'from the second' }) });
  await mesh.ready();
  mesh.faults.down(payments);
  assert.equal((await (await order(30)).json()).payment, 'from the second');
  assert.equal(second.requests.length, 1);
});

test('an order is shown without its parcel while shipping has trouble', async () => {
  const { id } = await (await order(30)).json();
  const parcel = async () => (await (await orders.fetch(`/orders/${id}`)).json()).parcel;
  mesh.faults.fail('shipping-service', { status: 500, times: 1 });
  assert.equal(await parcel(), null);
  assert.equal((await parcel()).at, 'the door');
});

test('a customer whose answer is lost', async () => {
  mesh.faults.lose('order-service', { what: 'answer', times: 1 });
  await assert.rejects(order(30), { message: 'fetch failed' });
  assert.equal(payments.requests.length, 1); // and has paid: give the route micro.idempotent()
});

test('nothing gets to the payment service any more, and then everything does again', async () => {
  mesh.faults.cut('order-service', 'payment-service');
  assert.equal((await order(30)).status, 504);
  mesh.faults.heal();
  assert.equal((await order(30)).status, 201);
});
// #endregion

test('calls as another service makes them', async () => {
  // #region caller
  const shop = mesh.stub('shop');
  await mesh.ready();
  mesh.faults.crash('payment-service');
  const call = shop.services.orderService.createOrder({ item: 'keyboard', amount: 30 });
  await assert.rejects(call, { code: 'MESH_REMOTE_STATUS', status: 503 });
  await mesh.faults.restart('payment-service');
  await shop.services.orderService.createOrder({ item: 'keyboard', amount: 30 });
  // #endregion
});
