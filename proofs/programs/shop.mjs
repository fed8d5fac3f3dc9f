// The shop of examples/http on one of the frameworks, behind one trusted proxy; answers questions about itself.
import { analyticsPlugin, createPlugins, errorHandler, expressBase, mountRoutes, notFoundHandler } from '@express-micro/http';
import { tokens } from '../../examples/http/accounts.js';
import { shopRoutes } from '../../examples/http/routes.js';

const kind = process.argv[2] ?? 'express';
const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const before = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);
const polluted = () =>
  prototypes.filter((prototype, at) => Reflect.ownKeys(prototype).length !== before[at]).length + Object.keys({}).length;

let unexpected = 0;
const onUnexpected = () => {
  unexpected += 1;
};
process.on('uncaughtException', onUnexpected);
process.on('unhandledRejection', onUnexpected);
const log = { info() {}, warn() {}, error: onUnexpected };

/** @returns {Promise<number>} */
async function listen() {
  if (kind === 'fastify') {
    const { securityMiddleware } = await import('@express-micro/http');
    const { fastifyMiddleware, fastifyPlugins, fastifyRoutes } = await import('@express-micro/http/fastify');
    const { default: Fastify } = await import('fastify');
    const app = Fastify({ trustProxy: '127.0.0.1' });
    await app.register(fastifyMiddleware(securityMiddleware()));
    fastifyPlugins(app).registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop' });
    await app.register(fastifyRoutes(shopRoutes));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return /** @type {import('node:net').AddressInfo} */ (app.server.address()).port;
  }
  const { default: express } = await import(kind);
  const app = express();
  expressBase(app, { trustProxy: 1 });
  createPlugins(app).registerPlugin('analytics', analyticsPlugin, { trackingId: 'shop' });
  mountRoutes(app, shopRoutes);
  app.use(notFoundHandler(), errorHandler({ log }));
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

process.send?.({
  port: await listen(),
  // Of somebody who may do everything: what is behind the guards is to be tried as well.
  token: await tokens.issue({ sub: 'u2', roles: ['admin'] }),
});
process.on('message', () => process.send?.({ polluted: polluted(), unexpected }));
process.on('disconnect', () => process.exit(0));
