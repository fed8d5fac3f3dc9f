// One Express app with a small JSON route; with the plugin when asked. Tells its port and, on demand, the CPU time it used.
import express from 'express';

const app = express();
if (process.argv[2] !== 'bare') {
  const { default: expressMicro } = await import('express-micro');
  const micro = expressMicro(app, { serviceName: 'order-service', log: false });
  // An app that makes calls itself keeps the context of every request that it serves.
  if (process.argv[2] === 'calling') Object.keys(micro.services);
}
const answer = {
  id: 7,
  userId: 123,
  item: 'keyboard',
  state: 'confirmed',
  lines: [{ sku: 'k-1', n: 1, cents: 4900 }],
  note: 'leave it at the door',
};
app.get('/orders/:userId', (req, res) => {
  res.json({ ...answer, userId: req.params.userId });
});
const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
