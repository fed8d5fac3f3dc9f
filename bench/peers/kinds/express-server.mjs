// Express as it is started by itself, for the clients that call it by HTTP.
import express from 'express';
import { orderOf } from '../answer.mjs';

export function serveExpress() {
  const app = express();
  app.get('/orders/:userId', (req, res) => {
    res.json(orderOf(req.params.userId));
  });
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}
