import { isMicroError, type Log, type MicroError, printable } from '@express-micro/core';
import { uncaughtAnswer } from '@express-micro/mesh';
import type { FastifyInstance } from './fastify.ts';

/** On the request, while its error is on its way through the app's handlers. */
const FAILURE: unique symbol = Symbol('failure');
type FailedRequest = object & { [FAILURE]?: MicroError };

/** What Fastify itself tells a client of an error. */
const OF_FASTIFY: ReadonlySet<string> = new Set(['statusCode', 'code', 'error', 'message']);

/**
 * What becomes of an error of this family that nobody caught, as on Express. Fastify answers an error with its status and its whole text; that of a
 * call speaks of addresses and of other services. It is answered with its status, where that says something to a client,
 * and nothing of its text. What a handler of the app's own makes of an error stays as it is.
 *
 * By hooks, not by an error handler: each context may have one of those, and they leave one another out.
 */
export function keepFailuresIn(app: FastifyInstance, log: Log): void {
  app.addHook('onError', (request, _reply, error, done) => {
    if (isMicroError(error)) (request as FailedRequest)[FAILURE] = error;
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const error = (request as FailedRequest)[FAILURE];
    if (error === undefined || !isFastifysOwn(payload, error)) {
      done();
      return;
    }
    const { status, headers, body, isWorthALine } = uncaughtAnswer(error, request.raw);
    if (isWorthALine) log.error(`${request.method} ${JSON.stringify(request.url)} failed: ${printable(error.message, 1_000)}`);
    reply.code(status).headers(headers);
    done(null, body);
  });
}

function isFastifysOwn(payload: unknown, { message }: MicroError): boolean {
  if (typeof payload !== 'string' || !payload.startsWith('{')) return false;
  try {
    const body = JSON.parse(payload) as Record<string, unknown>;
    return body.message === message && Object.keys(body).every((key) => OF_FASTIFY.has(key));
  } catch {
    return false;
  }
}
