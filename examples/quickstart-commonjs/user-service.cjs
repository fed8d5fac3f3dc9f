const express = require('express');
const expressMicro = require('express-micro');

const app = express();
const { services } = expressMicro(app, {
  serviceName: 'user-service',
  peers: ['http://127.0.0.1:3002'],
  onServiceUp: (name, { url }) => console.log(`found ${name} at ${url}`),
});

const users = [
  { id: 1, name: 'Ada' },
  { id: 2, name: 'Grace' },
];

app.get('/users', (_req, res) => {
  res.json(users);
});

app.get('/users/:id', (req, res) => {
  const user = users.find(({ id }) => id === Number(req.params.id));
  if (user === undefined) return res.status(404).json({ error: 'no such user' });
  res.json(user);
});

app.get('/users/:id/profile', async (req, res) => {
  const user = await services.userService.getUser({ id: req.params.id }); // a service can call itself …
  const orders = await services.orderService.getOrders({ userId: user.id }); // … and every other by name
  res.json({ ...user, orders });
});

app.listen(3001, '127.0.0.1', (error) => {
  if (error) throw error; // the port is taken
  console.log('user-service listens on http://127.0.0.1:3001');
});
