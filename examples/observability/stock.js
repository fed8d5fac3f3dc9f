// Knows what is there.
import { setTimeout as pause } from 'node:timers/promises';
import { observability } from '@express-micro/observability';
import express from 'express';
import expressMicro from 'express-micro';

const app = express();
const { logger } = observability(app, { service: 'stock' });
expressMicro(app, { serviceName: 'stock', log: logger });

const left = new Map([
  ['keyboard', 100_000],
  ['unicorn', 0],
]);

/** Checks who asks, at its leisure: middleware that takes long is seen in the trace. */
async function checkQuota(_req, _res, next) {
  await pause(20);
  next();
}

app.post('/reservations', express.json(), checkQuota, async (req, res) => {
  const { item, count } = req.body;
  const there = left.get(item) ?? 0;
  if (item === 'meteorite') throw new Error('the shelf of meteorites broke');
  if (there < count) {
    logger.warn('not enough left', { item, there });
    return res.status(409).json({ error: `${there} left of ${item}` });
  }
  left.set(item, there - count);
  res.json({ item, left: there - count });
});

app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', function listening() {
  console.log(`ready http://127.0.0.1:${this.address().port}`);
});
