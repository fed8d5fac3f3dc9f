// #region fastify
import { openApiPages } from '@express-micro/http';
import { fastifyMiddleware, fastifyRoutes } from '@express-micro/http/fastify';
import Fastify from 'fastify';
import { orderRoutes } from './routes.js';

export const app = Fastify();
const pages = openApiPages({ info: { title: 'Orders', version: '1.0.0' }, routes: orderRoutes });
await app.register(fastifyMiddleware([pages]));
await app.register(fastifyRoutes(orderRoutes));
// #endregion
