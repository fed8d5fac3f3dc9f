const { once } = require('node:events');
const express = require('express');
const expressMicro = require('express-micro');

/** @type {{ close(): unknown }[]} */
const opened = [];

afterAll(async () => {
  for (const each of opened.reverse()) await each.close();
});

test('a service calls another under Jest', async () => {
  const orders = express();
  orders.get('/orders/:userId', (req, res) => {
    res.json([{ userId: req.params.userId }]);
  });
  opened.push(expressMicro(orders, { serviceName: 'order-service', host: '127.0.0.1' }));
  const orderServer = orders.listen(0, '127.0.0.1');
  opened.push(orderServer);
  await once(orderServer, 'listening');

  const users = express();
  const peers = [`http://127.0.0.1:${orderServer.address().port}`];
  const userService = expressMicro(users, { serviceName: 'user-service', host: '127.0.0.1', peers });
  opened.push(userService, users.listen(0, '127.0.0.1'));

  await userService.ready({ services: ['order-service'] });
  expect(await userService.services.orderService.getOrders({ userId: 123 })).toEqual([{ userId: '123' }]);
});

test('Jest finds the function under both of its names', () => {
  expect(typeof expressMicro).toBe('function');
  expect(expressMicro.default).toBe(expressMicro);
});
