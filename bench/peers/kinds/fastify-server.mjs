// Fastify with the schema of its answer, as its documentation says it is quickest.
import Fastify from 'fastify';
import { orderOf } from '../answer.mjs';

const text = { type: 'string' };
const number = { type: 'integer' };
const line = { type: 'object', properties: { sku: text, n: number, cents: number } };
const order = {
  type: 'object',
  properties: { id: number, userId: text, item: text, state: text, lines: { type: 'array', items: line }, note: text },
};

export async function serveFastify() {
  const app = Fastify();
  app.get('/orders/:userId', { schema: { response: { 200: order } } }, async (request) => orderOf(request.params.userId));
  return app.listen({ port: 0, host: '127.0.0.1' });
}
