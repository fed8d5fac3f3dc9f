import type { ServerResponse } from 'node:http';
import { markRouteName } from '@express-micro/core';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { Answer } from './answer.ts';
import { type ContractOptions, resolveContractOptions } from './contract-options.ts';
import { errorAnswers } from './error-answers.ts';
import { byMatching, patternOf } from './path.ts';
import { readQuery } from './query.ts';
import type { Routes } from './route.ts';
import { checkRoutes } from './routes.ts';
import { type ServedRoute, serveRoute, unsupportedMediaType } from './served-route.ts';

type Answers = ReturnType<typeof errorAnswers>;

/**
 * The same contracts on Fastify 5: `await app.register(fastifyRoutes(orderRoutes), { prefix: '/api' })`.
 *
 * What they answer, errors too, is what they answer on Express, byte for byte. Guards get `request.raw` and `reply.raw`, with `body`, `query`, `params`,
 * `ip` and `originalUrl` on it. Hooks of the app run around them as around any route. Bodies are read by the contracts: content type
 * parsers of the app do not reach into this plugin.
 *
 * @throws HTTP_CONTRACT_INVALID, HTTP_SCHEMA_INVALID, HTTP_OPTION_INVALID before it is registered
 */
export function fastifyRoutes(table: Routes, options?: ContractOptions): FastifyPluginAsync {
  checkRoutes(table, 'fastifyRoutes()');
  const resolved = resolveContractOptions('fastifyRoutes()', options);
  const answerError = errorAnswers();
  const served = Object.entries(table)
    .map(([name, route]) => ({ name, ...route.definition, served: serveRoute(name, route, resolved) }))
    .sort(byMatching);
  const withHead = new Set(served.filter(({ method }) => method === 'HEAD').map(({ path }) => patternOf(path)));

  return async function contractRoutes(fastify: FastifyInstance) {
    // Whatever the type is, nobody reads: the contract does, as on Express.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
    fastify.setErrorHandler((error, request, reply) => sendError(answerError, ofFastify(error), request, reply));
    for (const { name, method, path, served: one } of served) {
      fastify.route({
        method,
        url: path,
        ...(method === 'GET' && withHead.has(patternOf(path)) && { exposeHeadRoute: false }),
        handler: markRouteName(handlerOf(one, answerError), name),
      });
    }
  };
}

function handlerOf({ before, answer }: ServedRoute, answerError: Answers) {
  return async function serveContract(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const req = rawOf(request);
    const res = reply.raw;
    let answered: Answer | undefined;
    try {
      if (await passes(before, req, res)) answered = await answer(req, res, request.params);
    } catch (error) {
      return sendError(answerError, error, request, reply);
    }
    // A guard or the handler has written to Node's response itself.
    if (answered === undefined) return reply.hijack();
    reply.code(answered.status).headers(answered.headers as Record<string, string>);
    return reply.send(answered.body);
  };
}

/** Node's request with what guards written for Express look for. */
function rawOf(request: FastifyRequest): HttpRequest {
  const req: HttpRequest = request.raw;
  req.originalUrl ??= request.originalUrl;
  req.ip ??= request.ip;
  req.params = request.params;
  // A hook of Fastify's may have found out who calls.
  req.principal ??= (request as { readonly principal?: HttpRequest['principal'] }).principal;
  req.query = readQuery(req.url);
  return req;
}

/** Whether the request is to be handled; `false` when a guard has answered it. */
function passes(before: Middleware, req: HttpRequest, res: ServerResponse): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const onClose = () => resolve(false);
    before(req, res, (error) => {
      isOver = true;
      res.off('close', onClose);
      if (error === undefined || error === null) resolve(true);
      else reject(error);
    });
    // Most guards have spoken by now.
    if (!isOver) res.once('close', onClose);
  });
}

function sendError(answerError: Answers, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (reply.raw.headersSent) {
    // Half an answer must not look like a whole one.
    reply.raw.destroy();
    return reply.hijack();
  }
  const { status, headers, body } = answerError(error, request.raw);
  return reply.code(status).headers(headers).send(body);
}

/** Fastify refuses a content type that is none before anybody is asked. */
function ofFastify(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? unsupportedMediaType(true) : error;
}
