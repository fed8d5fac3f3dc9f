// Plugins: `node examples/patterns/plugins.js`, then http://localhost:3000/products and http://localhost:3000/analytics/events.
import express from 'express';

const connect = async () => ({ query: async () => [{ id: 1, name: 'Lamp' }], end: async () => console.log('closed') });

// #region define
import { definePlugin } from '@express-micro/http';

const database = definePlugin({
  create: ({ url }) => {
    let pool;
    return {
      api: { find: (sql) => pool.query(sql) },
      start: async () => (pool = await connect(url)),
      stop: () => pool.end(),
    };
  },
});

const catalog = definePlugin({
  dependsOn: ['database'],
  create: () => {
    const routes = express.Router();
    return {
      api: {},
      routes, // below /catalog; nothing of it leaks into the app
      start: ({ use }) => routes.get('/products', async (_req, res) => res.json(await use(database).find('SELECT …'))),
    };
  },
});

// #endregion

// #region register
import { analyticsPlugin, createPlugins, rateLimitPlugin } from '@express-micro/http';

const app = express();
const { registerPlugin, start, stop } = createPlugins(app);
registerPlugin('catalog', catalog);
registerPlugin('database', database, { url: 'postgres://…' });
registerPlugin('rate-limit', rateLimitPlugin, { limit: 300 });
const analytics = registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop-1', excludePaths: ['/health'] });

app.get('/products', (_req, res) => {
  analytics.track('catalog seen', { items: 1 });
  res.json([{ id: 1, name: 'Lamp' }]);
});
await start();
// #endregion

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}`));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  stop().catch(console.error);
});
