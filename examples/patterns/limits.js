// Limits: `node examples/patterns/limits.js`, then ask http://localhost:3000/products more than a hundred times. With REDIS_URL all processes
// on that Redis count together.

// #region short
import { apiLimiter, authLimiter } from '@express-micro/http';
import express from 'express';
import { createClient } from 'redis';

const app = express();
app.use('/api', apiLimiter()); // 100 requests in 15 minutes
app.post('/login', authLimiter(), express.json(), logIn); // 5 failures in 15 minutes
// #endregion

function logIn(req, res) {
  res.status(req.body?.password === 'right' ? 200 : 401).json({ status: 'asked' });
}

// #region account
import { rateLimit } from '@express-micro/http';

// Behind express.json(): who guesses one account from many addresses. By the spelling in which logins are compared.
const account = ({ body }) => (typeof body?.email === 'string' ? body.email.toLowerCase() : undefined);
const perAccount = rateLimit({ limit: 20, windowMs: 3_600_000, prefix: 'rl:account:', by: account });
app.post('/password', express.json(), perAccount, logIn);
// #endregion

app.get('/api/products', (_req, res) => res.json([{ id: 1, name: 'Lamp' }]));

// #region status
app.get('/api/limit/:address', async (req, res) => {
  res.json(await perAddress.status(req.params.address)); // { limit, used, remaining, resetMs, isLimited }
});
// #endregion

const perAddress = apiLimiter({ prefix: 'rl:search:', limit: 2, store: await sharedStore() });
app.get('/search', perAddress, (_req, res) => res.json([]));

async function sharedStore() {
  const url = process.env.REDIS_URL;
  if (url === undefined) return undefined;
  // #region redis
  const { redisLimitStore } = await import('@express-micro/http');
  const client = createClient({ url });
  client.connect().catch(() => {});
  const store = redisLimitStore({ client, whenStoreFails: 'open' });
  // #endregion
  return store;
}

app.use((error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: error.message, code: error.code });
});

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}`));
