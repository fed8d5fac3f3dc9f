import { carryHeaders, headOfReply, replaceHeaders } from '@express-micro/core';
import type { ErrorAnswers } from '../failures/error-answer.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { FastifyReply, FastifyRequest } from './fastify-types.ts';
import { readQuery } from './query.ts';

/** Node's request with what guards written for Express look for. */
export function rawOf(request: FastifyRequest): HttpRequest {
  const req: HttpRequest = request.raw;
  req.originalUrl ??= request.originalUrl;
  req.ip ??= request.ip;
  req.params = request.params;
  // A hook of Fastify's may have found out who calls.
  req.principal ??= (request as { readonly principal?: HttpRequest['principal'] }).principal;
  req.query = readQuery(req.url);
  return req;
}

/**
 * Runs guards or other middleware, then `handle`. Who answers by itself ends it: Fastify hears of that by the end of the response.
 * Whatever fails, `handle` too, is answered.
 */
export function passOn(
  run: Middleware,
  answerError: ErrorAnswers,
  request: FastifyRequest,
  reply: FastifyReply,
  handle: (req: HttpRequest) => void,
): void {
  const fail = (error: unknown) => void sendError(answerError, error, request, reply);
  try {
    const req = rawOf(request);
    const endCarrying = carryHeaders(reply);
    let isOver = false;
    run(req, reply.raw, (error) => {
      if (isOver) {
        // A guard that fails after it has gone on: the answer is the handler's, and the log is to know.
        if (error !== undefined && error !== null) answerError(error, req);
        return;
      }
      isOver = true;
      endCarrying();
      if (error !== undefined && error !== null) fail(error);
      else attempt(() => handle(req), fail);
    });
  } catch (error) {
    fail(error);
  }
}

/** In the midst of somebody's callback, where nobody else would catch it. */
export function attempt(work: () => void, fail: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    fail(error);
  }
}

export function sendError(answerError: ErrorAnswers, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Asked in any case: it tells the log.
  const { status, headers, body } = answerError(error, request.raw);
  if (reply.raw.headersSent) {
    // Half an answer must not look like a whole one. What has ended is out already.
    if (!reply.raw.writableEnded) reply.raw.destroy();
    return reply.hijack();
  }
  replaceHeaders(headOfReply(reply), headers);
  return reply.code(status).send(body);
}
