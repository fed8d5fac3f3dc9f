// #region fastify
import { fastifyRoutes } from '@express-micro/http/fastify';
import Fastify from 'fastify';
import { orderRoutes } from './routes.ts';

export const app = Fastify();
await app.register(fastifyRoutes(orderRoutes), { prefix: '/api' });
// #endregion
