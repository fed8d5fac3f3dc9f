import { markRouteName } from '@express-micro/core';
import { type ErrorAnswers, errorAnswers } from '../failures/error-answer.ts';
import type { ErrorHandlerOptions } from '../failures/error-options.ts';
import type { Answer } from './answer.ts';
import { type ContractOptions, resolveContractOptions } from './contract-options.ts';
import { statusesOf } from './declared-errors.ts';
import { passes, rawOf, sendError } from './fastify-raw.ts';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from './fastify-types.ts';
import { byMatching, patternOf } from './path.ts';
import type { Routes } from './route.ts';
import { checkRoutes } from './routes.ts';
import { type ServedRoute, serveRoute, unsupportedMediaType } from './served-route.ts';

export interface FastifyRoutesOptions extends ContractOptions {
  /** What `errorHandler()` takes on Express. */
  readonly errors?: ErrorHandlerOptions | undefined;
}

/**
 * The same contracts on Fastify 5: `await app.register(fastifyRoutes(orderRoutes), { prefix: '/api' })`.
 *
 * What they answer, errors too, is what they answer on Express, byte for byte. Guards get `request.raw` and `reply.raw`, with `body`, `query`, `params`,
 * `ip` and `originalUrl` on it. Hooks of the app run around them as around any route. Bodies are read by the contracts: content type
 * parsers of the app do not reach into this plugin.
 *
 * @throws HTTP_CONTRACT_INVALID, HTTP_SCHEMA_INVALID, HTTP_OPTION_INVALID before it is registered
 */
export function fastifyRoutes(table: Routes, { errors, ...options }: FastifyRoutesOptions = {}): FastifyPluginAsync {
  checkRoutes(table, 'fastifyRoutes()');
  const resolved = resolveContractOptions('fastifyRoutes()', options);
  const answerError = errorAnswers(errors);
  const served = Object.entries(table)
    .map(([name, route]) => ({ name, ...route.definition, served: serveRoute(name, route, resolved) }))
    .sort(byMatching);
  const withHead = new Set(served.filter(({ method }) => method === 'HEAD').map(({ path }) => patternOf(path)));

  return async function contractRoutes(fastify: FastifyInstance) {
    // Whatever the type is, nobody reads: the contract does, as on Express.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
    fastify.setErrorHandler((error, request, reply) => sendError(answerError, ofFastify(error), request, reply));
    for (const { name, method, path, errors: declared, served: one } of served) {
      fastify.route({
        method,
        url: path,
        ...(method === 'GET' && withHead.has(patternOf(path)) && { exposeHeadRoute: false }),
        handler: markRouteName(handlerOf(one, answerError), name, statusesOf(declared)),
      });
    }
  };
}

function handlerOf({ before, answer, hasGuards }: ServedRoute, answerError: ErrorAnswers) {
  return async function serveContract(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const req = rawOf(request, hasGuards);
    const res = reply.raw;
    let answered: Answer | undefined;
    try {
      if (await passes(before, req, res, answerError)) answered = await answer(req, res, request.params);
    } catch (error) {
      return sendError(answerError, error, request, reply);
    }
    // A guard or the handler has written to Node's response itself.
    if (answered === undefined) return reply.hijack();
    reply.code(answered.status).headers(answered.headers as Record<string, string>);
    return reply.send(answered.body);
  };
}

/** Fastify refuses a content type that is none before anybody is asked. */
function ofFastify(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? unsupportedMediaType(true) : error;
}
