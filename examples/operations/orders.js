// A service as operators want it: measured, asked for its health, ended in order. `node examples/operations/orders.js`, then
// http://localhost:3000/metrics, http://localhost:3000/health/ready, and Ctrl-C.
import { setTimeout as sleep } from 'node:timers/promises';
import { observability } from '@express-micro/observability';
import express from 'express';

/** Stands for a pool of connections. */
const pool = {
  idleCount: 9,
  waitingCount: 0,
  query: (text) => sleep(1, text),
  end: () => sleep(20),
};

// #region line
const app = express();
const { metrics, health, shutdown } = observability(app);
// #endregion

// #region custom
const orders = metrics.counter('orders_total', { help: 'Orders that were taken.', labels: ['kind'] });
const value = metrics.histogram('order_value_euros', { help: 'What orders are worth.', buckets: [10, 50, 100, 500] });

app.post('/orders', express.json(), async (req, res) => {
  await pool.query('INSERT …');
  orders.inc({ kind: req.body.kind });
  value.observe(req.body.euros);
  res.status(201).json({ status: 'taken' });
});
// #endregion

// #region read
metrics.gauge('pool_connections', {
  help: 'Connections to the database.',
  labels: ['state'],
  read: () => [
    [{ state: 'idle' }, pool.idleCount],
    [{ state: 'waiting' }, pool.waitingCount],
  ],
});
// #endregion

// #region health
health.check('database', () => pool.query('SELECT 1'));
health.check('mail', () => fetch('http://mail.internal/'), { isCritical: false, cacheMs: 30_000 });
// #endregion

// #region shutdown
shutdown.register('database', () => pool.end());
shutdown.register('exports', () => sleep(10), { timeoutMs: 20_000 });
// #endregion

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`orders at http://localhost:${server.address().port}`);
});
