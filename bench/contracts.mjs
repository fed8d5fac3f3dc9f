// node bench/contracts.mjs: a contract beside the same by hand, on one app, in one run.
import { once } from 'node:events';
import http from 'node:http';
import { mountRoutes, route, routes, validate } from '@express-micro/http';
import { fastifyRoutes } from '@express-micro/http/fastify';
import express from 'express';
import Fastify from 'fastify';
import { Client } from 'undici';
import { z } from 'zod';
import { atMost, forComparison, median, ratioOf, report } from './report.mjs';

const ROUNDS = 11;
const REQUESTS = 1_000;
const AT_ONCE = 8;

const Params = z.object({ id: z.coerce.number() });
const Query = z.object({ limit: z.coerce.number().default(20) });
const Body = z.object({ sku: z.string(), count: z.number().min(1), tags: z.array(z.string()) });
const definition = /** @type {const} */ ({
  method: 'POST',
  path: '/orders/:id',
  params: Params,
  query: Query,
  body: Body,
  response: z.object({ id: z.number(), count: z.number() }),
});

/** @param {import('@express-micro/http').ContractOptions} options */
const contractApp = (options) => {
  const app = express();
  app.use(express.json());
  mountRoutes(
    app,
    routes({ placeOrder: route(definition, ({ params, body }) => ({ id: params.id, count: body.count })) }),
    options,
  );
  return app;
};
const byHand = express();
byHand.use(express.json());
byHand.post('/orders/:id', (req, res) => {
  const params = Params.safeParse(req.params);
  const query = Query.safeParse(req.query);
  const body = Body.safeParse(req.body);
  if (!params.success || !query.success || !body.success) return void res.status(400).json({ status: 'error' });
  res.json({ id: params.data.id, count: body.data.count });
});
const byMiddleware = express();
byMiddleware.use(express.json());
byMiddleware.post(
  '/orders/:id',
  validate({ params: Params, query: Query, body: Body }),
  (req, res) => void res.json({ id: req.params.id, count: req.body.count }),
);
const fastify = Fastify();
await fastify.register(
  fastifyRoutes(routes({ placeOrder: route(definition, ({ params, body }) => ({ id: params.id, count: body.count })) }), {
    checkResponse: 'never',
  }),
);
const fastifyByHand = Fastify();
fastifyByHand.post('/orders/:id', async (req, reply) => {
  const params = Params.safeParse(req.params);
  const query = Query.safeParse(req.query);
  const body = Body.safeParse(req.body);
  if (!params.success || !query.success || !body.success) return reply.code(400).send({ status: 'error' });
  return { id: params.data.id, count: body.data.count };
});
await Promise.all([fastify.ready(), fastifyByHand.ready()]);

/** @type {readonly (readonly [string, http.RequestListener])[]} */
const variants = [
  ['Express 5, schemas by hand', byHand],
  ['Express 5, validate()', byMiddleware],
  ['Express 5, a contract', contractApp({ checkResponse: 'never' })],
  ['Express 5, a contract, answers always checked', contractApp({ checkResponse: 'always' })],
  ['Fastify, schemas by hand', (req, res) => fastifyByHand.routing(req, res)],
  ['Fastify, a contract', (req, res) => fastify.routing(req, res)],
];

const request = /** @type {const} */ ({
  method: 'POST',
  path: '/orders/7?limit=5',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ sku: 'pen', count: 2, tags: ['a', 'b'] }),
});

/** Microseconds of this process a request, client and server. @param {Client} client */
async function round(client) {
  const before = process.cpuUsage();
  let left = REQUESTS;
  const worker = async () => {
    while (left-- > 0) {
      const { statusCode, body } = await client.request(request);
      const text = await body.text();
      if (statusCode !== 200 || text !== '{"id":7,"count":2}') throw new Error(`answered ${statusCode} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

const measured = await Promise.all(
  variants.map(async ([name, listener]) => {
    const server = http.createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const client = new Client(`http://127.0.0.1:${port}`, { pipelining: AT_ONCE });
    return { name, server, client, times: /** @type {number[]} */ ([]) };
  }),
);
for (let at = -2; at < ROUNDS; at++) {
  for (const { client, times } of measured) {
    const time = await round(client);
    if (at >= 0) times.push(time);
  }
}
const timesOf = (/** @type {string} */ wanted) => /** @type {number[]} */ (measured.find(({ name }) => name === wanted)?.times);
report('Contracts', 'node bench/contracts.mjs', [
  ...measured.map(({ name, times }) => forComparison(name, median(times), 'µs', 'CPU of client and server, one request')),
  atMost(
    'a contract beside by hand, Express 5',
    ratioOf(timesOf('Express 5, a contract'), timesOf('Express 5, schemas by hand')),
    1.1,
    '×',
  ),
  forComparison(
    'a contract beside by hand, Fastify',
    ratioOf(timesOf('Fastify, a contract'), timesOf('Fastify, schemas by hand')),
    '×',
  ),
]);
for (const { server, client } of measured) {
  await client.close();
  server.close();
}
