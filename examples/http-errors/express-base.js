import { once } from 'node:events';
// #region base
import { errorHandler, expressBase, notFoundHandler } from '@express-micro/http';
import { createLogger, requestLogger } from '@express-micro/observability';
import express from 'express';

const app = express();
const { port } = expressBase(app, {
  requestLogger: requestLogger(createLogger({ service: 'orders' })),
  cors: { origins: ['https://shop.example.com'], credentials: true },
  trustProxy: ['10.0.0.0/8'],
});
app.post('/orders', (req, res) => res.status(201).json(req.body));
app.use(notFoundHandler(), errorHandler());
const server = app.listen(port);
// #endregion

await once(server, 'listening');
const answer = await fetch(`http://127.0.0.1:${server.address().port}/orders`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', origin: 'https://shop.example.com' },
  body: '{"sku": lamp}',
});
console.log(answer.status, answer.headers.get('access-control-allow-origin'), (await answer.json()).message);
server.closeAllConnections();
server.close();
