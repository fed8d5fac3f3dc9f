import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { errorAnswers } from '../failures/error-answer.ts';
import type { Middleware } from '../middleware.ts';
import { passes, rawOf, sendError } from './fastify-routes.ts';
import { inSequence } from './guards.ts';

/**
 * Middleware of this package in front of everything that a Fastify app has: `await app.register(fastifyMiddleware(...securityMiddleware()))`.
 * It runs at `onRequest`, in the order given, with `request.raw` and `reply.raw`; one that answers by itself ends the request, and what
 * one fails with is answered as contracts answer.
 *
 * Bodies are not read yet there: what needs them belongs to `use` of a contract.
 */
export function fastifyMiddleware(...middleware: readonly Middleware[]): FastifyPluginAsync {
  const run = inSequence(middleware);
  const answerError = errorAnswers();
  const plugin: FastifyPluginAsync = async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      try {
        if (!(await passes(run, rawOf(request), reply.raw))) reply.hijack();
      } catch (error) {
        return sendError(answerError, error, request, reply);
      }
    });
  };
  // As fastify-plugin has it: what it adds is for the app that registers it, and not for a scope of its own.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}
