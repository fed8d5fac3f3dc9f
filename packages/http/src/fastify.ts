export { type FastifyMiddlewareOptions, fastifyMiddleware } from './contracts/fastify-middleware.ts';
export { type FastifyRoutesOptions, fastifyRoutes } from './contracts/fastify-routes.ts';
