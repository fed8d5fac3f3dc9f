import { securityMiddleware } from '@express-micro/http';
import Fastify from 'fastify';

// #region fastify
const fastify = Fastify();
for (const run of securityMiddleware({ cors: { origins: ['https://shop.example.com'] } })) {
  fastify.addHook('onRequest', (request, reply, done) => run(request.raw, reply.raw, done));
}
// #endregion

fastify.get('/', async () => ({}));
const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
const answer = await fetch(url, { headers: { origin: 'https://shop.example.com' } });
console.log(answer.status, answer.headers.get('access-control-allow-origin'), answer.headers.get('x-content-type-options'));
await fastify.close();
