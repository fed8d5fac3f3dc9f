// Takes orders, once the stock has them reserved.
import { observability, withSpan } from '@express-micro/observability';
import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const { logger, metrics } = observability(app, { service: 'orders' });
const { services, ready } = expressMicro(app, { serviceName: 'orders', log: logger });

const taken = metrics.counter('orders_taken_total', { help: 'Orders that were taken.' });
let lastId = 0;

// #region span
app.post('/orders', express.json(), async (req, res) => {
  const { item, count = 1 } = req.body;
  const order = await withSpan('order.place', { 'order.item': item, 'order.count': count }, async (span) => {
    await services.stock.createReservation({ item, count }); // a child of this span, in whichever process it runs
    span.setAttribute('order.id', ++lastId);
    return { id: lastId, item, count };
  });
  taken.inc();
  logger.info('order taken', { order: order.id });
  res.status(201).json(order);
});
// #endregion

app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', function listening() {
  void ready({ services: ['stock'] }).then(() => console.log(`ready http://127.0.0.1:${this.address().port}`));
});
