// The same shop on Fastify: the same contracts, the same answers.
import { analyticsPlugin, portOf, securityMiddleware } from '@express-micro/http';
import { fastifyMiddleware, fastifyPlugins, fastifyRoutes } from '@express-micro/http/fastify';
import Fastify from 'fastify';
import { shopRoutes } from './routes.js';

const app = Fastify();
await app.register(fastifyMiddleware(securityMiddleware()));
// #region plugins
const analytics = fastifyPlugins(app).registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop' });
analytics.track('opened', { framework: 'fastify' });
// #endregion
await app.register(fastifyRoutes(shopRoutes));

console.log(`The shop is at ${await app.listen({ port: portOf(), host: '127.0.0.1' })}`);
