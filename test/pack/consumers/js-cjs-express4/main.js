const { once } = require('node:events');
const express = require('express');
const expressMicro = require('express-micro');

async function main() {
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
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
