import { once } from 'node:events';
import express from 'express';
import expressMicro from 'express-micro';

const orders = express();
orders.get('/orders/:userId', (req, res) => {
  res.json([{ userId: req.params.userId }]);
});
const orderService = expressMicro(orders, { serviceName: 'order-service', host: '127.0.0.1' });
const orderServer = orders.listen(0, '127.0.0.1');
await once(orderServer, 'listening');

const users = express();
const peers = [`http://127.0.0.1:${orderServer.address().port}`];
const userService = expressMicro(users, { serviceName: 'user-service', host: '127.0.0.1', peers });
const userServer = users.listen(0, '127.0.0.1');

await userService.ready({ services: ['order-service'] });
const answer = await userService.services.orderService.getOrders({ userId: 123 });
console.log(JSON.stringify(answer));

await Promise.all([userService.close(), orderService.close()]);
userServer.close();
orderServer.close();
