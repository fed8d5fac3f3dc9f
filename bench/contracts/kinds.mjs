// One route, wired by hand and by contract, on both frameworks. Each kind is served by a process of its own.
import { mountRoutes, route, routes, validate } from '@express-micro/http';
import { fastifyRoutes } from '@express-micro/http/fastify';
import express from 'express';
import Fastify from 'fastify';
import { z } from 'zod';

const Params = z.object({ id: z.coerce.number() });
const Query = z.object({ limit: z.coerce.number().default(20) });
const Body = z.object({ sku: z.string(), count: z.number().min(1), tags: z.array(z.string()) });
const contracts = routes({
  placeOrder: route(
    {
      method: 'POST',
      path: '/orders/:id',
      params: Params,
      query: Query,
      body: Body,
      response: z.object({ id: z.number(), count: z.number() }),
    },
    ({ params, body }) => ({ id: params.id, count: body.count }),
  ),
});

/** @param {(app: express.Express) => unknown} declare @returns {() => Promise<number>} listens; answers at which port */
const onExpress = (declare) => async () => {
  const app = express();
  app.use(express.json());
  declare(app);
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
};

/** @param {express.Express} app */
const byHand = (app) =>
  app.post('/orders/:id', (req, res) => {
    const params = Params.safeParse(req.params);
    const query = Query.safeParse(req.query);
    const body = Body.safeParse(req.body);
    if (!params.success || !query.success || !body.success) return void res.status(400).json({ status: 'error' });
    res.json({ id: params.data.id, count: body.data.count });
  });

/** @param {(app: import('fastify').FastifyInstance) => unknown} declare @returns {() => Promise<number>} */
const onFastify = (declare) => async () => {
  const app = Fastify();
  await declare(app);
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
};

/** @type {Readonly<Record<string, () => Promise<number>>>} */
export const KINDS = {
  'Express 5, schemas by hand': onExpress(byHand),
  'Express 5, schemas by hand, on requests as an app with contracts has them': onExpress((app) => {
    mountRoutes(app, routes({}));
    byHand(app);
  }),
  'Express 5, validate()': onExpress((app) =>
    app.post(
      '/orders/:id',
      validate({ params: Params, query: Query, body: Body }),
      (req, res) => void res.json({ id: req.params.id, count: req.body.count }),
    ),
  ),
  'Express 5, a contract': onExpress((app) => mountRoutes(app, contracts)),
  'Express 5, a contract, answers always checked': onExpress((app) => mountRoutes(app, contracts, { checkResponse: 'always' })),
  'Fastify, schemas by hand': onFastify((app) =>
    app.post('/orders/:id', async (req, reply) => {
      const params = Params.safeParse(req.params);
      const query = Query.safeParse(req.query);
      const body = Body.safeParse(req.body);
      if (!params.success || !query.success || !body.success) return reply.code(400).send({ status: 'error' });
      return { id: params.data.id, count: body.data.count };
    }),
  ),
  'Fastify, a contract': onFastify((app) => app.register(fastifyRoutes(contracts))),
};
