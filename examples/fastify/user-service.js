import fastifyMicro from '@express-micro/fastify';
// #region base
import { baseOptions, fastifyBase } from '@express-micro/fastify/preset';
import Fastify from 'fastify';

const app = Fastify(baseOptions()); // LOG_LEVEL, lines for people outside of production, bodies up to 10 MB
await app.register(fastifyBase, { cors: { origins: ['https://shop.example.com'] } });
// #endregion
await app.register(fastifyMicro, { serviceName: 'user-service', peers: ['http://127.0.0.1:3011'], closeOnSigterm: true });

const users = new Map([[1, { id: 1, name: 'Ada' }]]);

// #region schema
const user = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } } };
const params = { type: 'object', properties: { id: { type: 'integer' } } };

app.get('/users/:id', { schema: { params, response: { 200: user } }, config: { name: 'getUser' } }, async (request, reply) => {
  return users.get(request.params.id) ?? reply.code(404).send({ error: 'no such user' });
});
// #endregion

// #region guards
app.get('/internal/users', { onRequest: app.micro.internal() }, async (request) => {
  return { users: [...users.values()], askedBy: app.micro.caller(request).service };
});
app.post('/users', { onRequest: app.micro.idempotent() }, async (request, reply) => {
  const id = users.size + 1;
  users.set(id, { id, name: request.body.name });
  return reply.code(201).send(users.get(id));
});
app.get('/health/ready', app.micro.readiness());
// #endregion

// #region lifetime
app.get('/reports/:id', async (request, reply) => {
  if (request.deadline?.remainingMs < 500) return reply.code(503).send({ error: 'not enough time for a report' });
  return query('SELECT …', { signal: request.signal }); // ends with the request: the caller left, or its time is up
});
// #endregion
async function query(sql, { signal }) {
  signal.throwIfAborted();
  return [{ sql }];
}

// #region close
// The others hear it, for a second all is served as ever, then Fastify closes: server and hooks.
process.once('SIGINT', () => void app.close());
// #endregion

await app.listen({ port: 3010, host: '127.0.0.1' });
console.log('user-service listens on http://127.0.0.1:3010');
