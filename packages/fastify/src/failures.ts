import { STATUS_CODES } from 'node:http';
import { headOfReply, isMicroError, type Log, type MicroError, printable, replaceHeaders } from '@express-micro/core';
import { uncaughtAnswer } from '@express-micro/mesh';
import type { FastifyInstance, FastifyReply, FastifyRequest } from './fastify.ts';

/** On the request, while its error is on its way through the app's handlers. */
const FAILURE: unique symbol = Symbol('failure');
type FailedRequest = object & { [FAILURE]?: Failure | undefined };

interface Failure {
  readonly error: MicroError;
  /** As it was before Fastify put the headers of the error in its place. */
  readonly vary: unknown;
}

/**
 * What becomes of an error of this family that nobody caught, as on Express. Fastify answers an error with its status and its whole text; that of a
 * call speaks of addresses and of other services. It is answered with its status, where that says something to a client,
 * and nothing of its text. What a handler of the app's own makes of an error stays as it is.
 *
 * By hooks, not by an error handler: each context may have one of those, and they leave one another out.
 */
export function keepFailuresIn(app: FastifyInstance, log: Log): void {
  app.addHook('onError', (request: FailedRequest, reply, error, done) => {
    // Once more for each handler that hands it on.
    if (request[FAILURE]?.error !== error)
      request[FAILURE] = isMicroError(error) ? { error, vary: reply.getHeader('vary') } : undefined;
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const failure = (request as FailedRequest)[FAILURE];
    if (failure === undefined || !isFastifysOwn(payload, failure.error, request, reply)) {
      done();
      return;
    }
    const { error, vary } = failure;
    const { status, headers, body, isWorthALine } = uncaughtAnswer(error, request.raw);
    if (isWorthALine) log.error(`${request.method} ${JSON.stringify(request.url)} failed: ${printable(error.message, 1_000)}`);
    reply.code(status);
    const head = headOfReply(reply);
    replaceHeaders({ ...head, getHeader: (name) => (name === 'vary' ? vary : head.getHeader(name)) }, headers);
    done(null, body);
  });
}

/**
 * Fastify measures what it makes of an error by itself; what anybody else sends is measured behind this hook. Where no schema
 * says how errors are written, it is held against what Fastify writes, word for word.
 */
function isFastifysOwn(payload: unknown, error: MicroError, request: FastifyRequest, reply: FastifyReply): boolean {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return false;
  if (reply.getHeader('content-length') !== String(Buffer.byteLength(payload))) return false;
  const { schema } = request.routeOptions as { schema?: { response?: unknown } | undefined };
  return schema?.response !== undefined || isWrittenByFastify(payload.toString(), error, reply.statusCode);
}

function isWrittenByFastify(text: string, { message, code }: MicroError, statusCode: number): boolean {
  const expected: Record<string, unknown> = { statusCode, code, error: STATUS_CODES[statusCode], message };
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const names = Object.keys(body);
    return names.length === Object.keys(expected).length && names.every((name) => body[name] === expected[name]);
  } catch {
    return false;
  }
}
