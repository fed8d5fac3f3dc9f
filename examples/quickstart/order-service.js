import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const { services } = expressMicro(app, {
  serviceName: 'order-service',
  peers: ['http://127.0.0.1:3001'],
  onServiceUp: (name, { url }) => console.log(`found ${name} at ${url}`),
});

const orders = [{ id: 1, userId: 1, item: 'keyboard' }];

app.get('/orders/:userId', (req, res) => {
  res.json(orders.filter(({ userId }) => userId === Number(req.params.userId)));
});

app.post('/orders', express.json(), async (req, res) => {
  const user = await services.userService.getUser({ id: req.body.userId }); // 404 there is 404 here
  const order = { id: orders.length + 1, userId: user.id, item: req.body.item };
  orders.push(order);
  res.status(201).json(order);
});

app.listen(3002, '127.0.0.1', (error) => {
  if (error) throw error; // the port is taken
  console.log('order-service listens on http://127.0.0.1:3002');
});
