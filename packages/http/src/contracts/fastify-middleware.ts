import { show } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { errorAnswers } from '../failures/error-answer.ts';
import type { ErrorHandlerOptions } from '../failures/error-options.ts';
import type { Middleware } from '../middleware.ts';
import { passes, rawOf, sendError } from './fastify-raw.ts';
import type { FastifyInstance, FastifyPluginAsync } from './fastify-types.ts';
import { inSequence } from './guards.ts';

export interface FastifyMiddlewareOptions {
  /** What `errorHandler()` takes on Express. */
  readonly errors?: ErrorHandlerOptions | undefined;
}

/**
 * Middleware of this package in front of everything that a Fastify app has: `await app.register(fastifyMiddleware(securityMiddleware()))`.
 * It runs at `onRequest`, in the order given, with `request.raw` and `reply.raw`; one that answers by itself ends the request, and what
 * one fails with is answered as contracts answer.
 *
 * No body is read there yet: what needs one belongs to `use` of a contract.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function fastifyMiddleware(
  middleware: readonly Middleware[],
  { errors }: FastifyMiddlewareOptions = {},
): FastifyPluginAsync {
  if (!Array.isArray(middleware) || middleware.some((one) => typeof one !== 'function')) {
    throw optionInvalid(`fastifyMiddleware() takes a list of middlewares (req, res, next); it got ${show(middleware)}.`);
  }
  const run = inSequence(middleware);
  const answerError = errorAnswers(errors);
  const plugin: FastifyPluginAsync = async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      try {
        if (!(await passes(run, rawOf(request, true), reply.raw, answerError))) reply.hijack();
      } catch (error) {
        return sendError(answerError, error, request, reply);
      }
    });
  };
  // As fastify-plugin has it: what it adds is for the app that registers it, and not for a scope of its own.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}
