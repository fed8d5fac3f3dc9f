export { fastifyMiddleware } from './contracts/fastify-middleware.ts';
export { fastifyRoutes } from './contracts/fastify-routes.ts';
