import { errorAnswers, NotFoundError } from '@express-micro/http';
import Fastify from 'fastify';

// #region fastify
const fastify = Fastify();
const answerOf = errorAnswers();
fastify.setErrorHandler((error, request, reply) => {
  const { status, headers, body } = answerOf(error, request.raw);
  return reply.code(status).headers(headers).send(body);
});
// #endregion

fastify.get('/orders/:id', async (request) => {
  throw new NotFoundError(`No order ${request.params.id}`);
});
const answer = await fastify.inject('/orders/7');
console.log(answer.statusCode, answer.json().message);
