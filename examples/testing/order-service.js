import express from 'express';
import expressMicro from 'express-micro';

// The app alone: another file lets it listen, `app.listen(3002)`.
export const app = express();
const { services } = expressMicro(app, { serviceName: 'order-service', timeoutMs: 5_000 });

const orders = [];

app.post('/orders', express.json(), async (req, res) => {
  const { item, amount } = req.body;
  const payment = await services.paymentService.createPayment({ amount }); // fails: 503, 504, or the status from there
  const order = { id: orders.length + 1, item, payment: payment.id };
  orders.push(order);
  res.status(201).json(order);
});

app.get('/orders/:id', async (req, res) => {
  const order = orders.find(({ id }) => id === Number(req.params.id));
  if (order === undefined) return res.status(404).json({ error: 'no such order' });
  const parcel = await services.shippingService.getParcel({ id: order.id }, { fallback: null });
  res.json({ ...order, parcel });
});
