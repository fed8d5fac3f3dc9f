import { once } from 'node:events';
// #region one-line
import { observability } from '@express-micro/observability';
import express from 'express';

const app = express();
const { logger } = observability(app, { service: 'orders' });

app.get('/orders/:id', async (req, res) => {
  res.json(await findOrder(req.params.id));
});

async function findOrder(id) {
  logger.info('Order is looked up', { orderId: id }); // knows its request, without being passed anything
  return { id, state: 'paid' };
}
// #endregion

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/orders/7?token=abc`;
const answer = await fetch(url, { headers: { 'x-request-id': 'example-1' } });
console.log(`answered to ${answer.headers.get('x-request-id')}`);
server.close();
