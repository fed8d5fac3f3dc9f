// The shop on Express 5; with EXPRESS=express4 on Express 4.
import { analyticsPlugin, createPlugins, errorHandler, expressBase, mountRoutes, notFoundHandler } from '@express-micro/http';
import { shopRoutes } from './routes.js';

const { default: express } = await import(process.env.EXPRESS ?? 'express');
// #region mount
const app = express();
const { port } = expressBase(app);
const plugins = createPlugins(app);
const analytics = plugins.registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop' });
await plugins.start();
analytics.track('opened', { framework: 'express' });

mountRoutes(app, shopRoutes);
app.use(notFoundHandler(), errorHandler());
// #endregion

const server = app.listen(port, '127.0.0.1', () => console.log(`The shop is at http://127.0.0.1:${server.address().port}`));
