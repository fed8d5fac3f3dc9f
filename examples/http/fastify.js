// The same shop on Fastify: the same contracts, the same answers.
import { analyticsPlugin, createPlugins, portOf, securityMiddleware } from '@express-micro/http';
import { fastifyMiddleware, fastifyRoutes } from '@express-micro/http/fastify';
import Fastify from 'fastify';
import { shopRoutes } from './routes.js';

const app = Fastify();
const plugins = createPlugins();
const analytics = plugins.registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop' });
await plugins.start();
analytics.track('opened', { framework: 'fastify' });

await app.register(fastifyMiddleware([...securityMiddleware(), plugins.middleware]));
await app.register(fastifyRoutes(shopRoutes));

console.log(`The shop is at ${await app.listen({ port: portOf(), host: '127.0.0.1' })}`);
