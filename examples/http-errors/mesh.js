import { once } from 'node:events';
import { AppError, errorHandler, passOn } from '@express-micro/http';
import express from 'express';
import expressMicro from 'express-micro';

process.env.EXPRESS_DISCOVERY_KEY ??= 'the-secret-of-the-examples';

const orders = express();
const ordersMicro = expressMicro(orders, { serviceName: 'orders', log: false });
orders.get('/orders/:id', (req, _res, next) =>
  next(new AppError(`No order ${req.params.id}`, { status: 404, code: 'NO_ORDER' })),
);
orders.use(errorHandler());
const ordersServer = orders.listen(0, '127.0.0.1');
await once(ordersServer, 'listening');

const shop = express();
const peers = [`http://127.0.0.1:${ordersServer.address().port}`];
const shopMicro = expressMicro(shop, { serviceName: 'shop', peers, log: false });
const { services } = shopMicro;
// #region mesh
shop.get('/carts/:id', async (req, res) => {
  res.json(await services.orders.getOrder({ id: req.params.id })); // its 404 is a 502 of ours
});
shop.get('/my/orders/:id', async (req, res) => {
  const order = await services.orders.getOrder({ id: req.params.id }).catch((error) => {
    throw passOn(error); // its 404 is ours, with its code and message
  });
  res.json(order);
});
// #endregion
shop.use(errorHandler());
const server = shop.listen(0, '127.0.0.1');
await once(server, 'listening');
await shopMicro.ready();
for (const path of ['/carts/7', '/my/orders/7']) {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
  const { message, code } = await answer.json();
  console.log(path, answer.status, message, code);
}
await Promise.all([shopMicro.close(), ordersMicro.close()]);
