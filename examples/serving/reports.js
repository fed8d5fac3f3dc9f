import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const micro = expressMicro(app, {
  serviceName: 'reports',
  closeOnSigterm: true, // leave without losing a request, and end
  drain: { inFlightMs: 10_000 },
  shedding: { maxInFlight: 1_000 },
});

/** Stands for a database: takes a second, unless it is told to stop. */
const query = (text, { signal }) => sleep(1_000, [{ text }], { signal });

// #region deadline
app.get('/reports/:id', async (req, res) => {
  if (req.deadline?.remainingMs < 500) return res.status(503).json({ error: 'not enough time for a report' });
  const rows = await query('SELECT …', { signal: req.signal }); // ends with the request: the caller left, or its time is up
  res.json(rows);
});
// #endregion

// #region idempotent
const orders = [];
app.post('/orders', micro.idempotent({ required: true }), express.json(), (req, res) => {
  orders.push(req.body);
  res.status(201).json({ orderId: orders.length });
});
// #endregion

// #region readiness
app.get('/health/ready', micro.readiness());
// #endregion

app.use((_error, req, res, _next) => {
  if (req.signal.aborted) console.log(`nobody waits for ${req.path}: ${req.signal.reason.code}`);
  if (!res.headersSent) res.sendStatus(503);
});

app.listen(Number(process.env.PORT ?? 3004), '127.0.0.1');
