export { fastifyRoutes } from './contracts/fastify-routes.ts';
export { fastifyMiddleware } from './contracts/fastify-middleware.ts';
