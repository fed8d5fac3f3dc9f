// Two services, one call and a token, from what is published: `require` finds the built CommonJS of the packages.
const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { createTokens } = require('@express-micro/http');
const express = require('express');
const expressMicro = require('express-micro');

process.env.EXPRESS_DISCOVERY_KEY ??= randomBytes(16).toString('hex');

async function main() {
  const orders = express();
  orders.get('/orders/:userId', (req, res) => {
    res.json([{ userId: req.params.userId }]);
  });
  const orderService = expressMicro(orders, { serviceName: 'order-service', host: '127.0.0.1' });
  const orderServer = orders.listen(0, '127.0.0.1');
  await once(orderServer, 'listening');

  const peers = [`http://127.0.0.1:${orderServer.address().port}`];
  const users = express();
  const userService = expressMicro(users, { serviceName: 'user-service', host: '127.0.0.1', peers });
  const userServer = users.listen(0, '127.0.0.1');

  await userService.ready({ services: ['order-service'] });
  assert.deepEqual(await userService.services.orderService.getOrders({ userId: 123 }), [{ userId: '123' }]);

  const imported = await import('express-micro');
  assert.equal(imported.default, expressMicro);
  assert.equal(imported.MicroError, expressMicro.MicroError);

  const tokens = createTokens({ secret: randomBytes(64) });
  assert.equal((await tokens.verify(await tokens.issue({ sub: 'ada' }))).id, 'ada');

  await Promise.all([userService.close(), orderService.close()]);
  userServer.close();
  orderServer.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
