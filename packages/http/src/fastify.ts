export { fastifyRoutes } from './contracts/fastify-routes.ts';
