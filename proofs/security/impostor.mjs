// A service with a name that is not its own, and a key that is not the fleet's.
import { randomBytes } from 'node:crypto';
import express from 'express';
import expressMicro from 'express-micro';

/** @param {string[]} peers */
export async function startImpostor(peers) {
  const before = process.env.EXPRESS_DISCOVERY_KEY;
  process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');
  const app = express();
  const micro = expressMicro(app, { serviceName: 'target', log: false, peers });
  process.env.EXPRESS_DISCOVERY_KEY = before;
  let reached = 0;
  app.get('/items/:id', (_req, res) => {
    reached += 1;
    res.json({ id: 'of the impostor' });
  });
  app.listen(0, '127.0.0.1');
  return { reached: () => reached, close: () => micro.close() };
}
