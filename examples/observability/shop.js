// What customers reach: it answers from what two others know.
import { observability } from '@express-micro/observability';
import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const { logger } = observability(app, { service: 'shop' });
const { services, ready } = expressMicro(app, { serviceName: 'shop', log: logger });

app.post('/checkout', express.json(), async (req, res) => {
  const order = await services.orders.createOrder({ item: req.body.item, count: req.body.count });
  logger.info('checked out', { order: order.id });
  res.status(201).json(order);
});

app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', function listening() {
  void ready({ services: ['orders'] }).then(() => console.log(`ready http://127.0.0.1:${this.address().port}`));
});
