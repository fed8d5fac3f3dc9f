// A container: `node examples/patterns/container.js`, then http://localhost:3000/orders.
import express from 'express';

const connect = (url) => ({
  url,
  begin: () => ({ rows: [{ id: 7 }], release: () => console.log('released') }),
  end: () => console.log('ended'),
});

// #region container
import { createContainer, scopeOf, scopePerRequest } from '@express-micro/http';

const container = createContainer()
  .value('config', { url: 'postgres://…' })
  .singleton('pool', ({ config }) => connect(config.url), { dispose: (pool) => pool.end() })
  .scoped('session', ({ pool }) => pool.begin(), { dispose: (session) => session.release() })
  .scoped('orders', ({ session, request }) => ({ list: () => session.rows, client: request.ip }));

const app = express();
app.use(scopePerRequest(container));
app.get('/orders', (req, res) => res.json(scopeOf(container, req).get('orders').list()));
// #endregion

// #region job
async function nightly() {
  const scope = container.createScope({ request: { ip: 'cron' } });
  try {
    return scope.get('orders').list();
  } finally {
    await scope.close();
  }
}
// #endregion

// #region test
function containerForTests() {
  return container.replace('pool', { begin: () => ({ rows: [], release() {} }), end() {} });
}
// #endregion

if (process.env.TEST_POOL !== undefined) containerForTests();
console.log(`nightly: ${(await nightly()).length}`);
const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}`));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  container.close().catch(console.error);
});
