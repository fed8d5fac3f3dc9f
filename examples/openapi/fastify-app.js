// #region fastify
import { openApiPages } from '@express-micro/http';
import { fastifyRoutes } from '@express-micro/http/fastify';
import Fastify from 'fastify';
import { orderRoutes } from './routes.js';

export const app = Fastify();
const pages = openApiPages({ info: { title: 'Orders', version: '1.0.0' }, routes: orderRoutes });
app.addHook('onRequest', (request, reply, done) => pages(request.raw, reply.raw, done));
await app.register(fastifyRoutes(orderRoutes));
// #endregion
