export { type FastifyMiddlewareOptions, fastifyMiddleware } from './contracts/fastify-middleware.ts';
export { type FastifyRoutesOptions, fastifyRoutes } from './contracts/fastify-routes.ts';
export { type FastifyPluginsOptions, fastifyPlugins, type PluggableApp } from './fastify-plugins.ts';
export type { Plugins } from './plugins/plugins.ts';
