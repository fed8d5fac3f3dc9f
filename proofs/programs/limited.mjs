// One of two servers whose limits are in the same Redis. Each path has a limiter of its own; `x-round` tells callers apart.
import { once } from 'node:events';
import { apiLimiter, authLimiter, redisLimitStore } from '@express-micro/http';
import express from 'express';
import { Redis } from 'ioredis';
import { createClient } from 'redis';

const [kind, redisPort] = process.argv.slice(2);

async function connect() {
  if (kind === 'ioredis') return new Redis(Number(redisPort), '127.0.0.1');
  const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  await client.connect();
  return client;
}

const store = redisLimitStore({ client: await connect(), whenStoreFails: 'closed', timeoutMs: 10_000 });
const by = (/** @type {import('@express-micro/http').HttpRequest} */ req) => String(req.headers['x-round']);
const app = express();
app.get('/api', apiLimiter({ store, by }), (_req, res) => res.end('in'));
const logins = authLimiter({ store, by });
app.get('/login', async (req, res) => res.json(await logins.status(req)));
app.post('/login', logins, (req, res) => {
  // As a password that is looked at for a moment: others come in meanwhile.
  setTimeout(() => res.status(req.headers['x-password'] === 'right' ? 200 : 401).end(), 5);
});
/** @type {import('express').ErrorRequestHandler} */
const refuse = (error, _req, res, _next) => {
  res.status(error.status).end();
};
app.use(refuse);

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port });
