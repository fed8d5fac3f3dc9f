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

/** Whether the request is to be handled; `false` when a guard has answered it. */
export function passes(before: Middleware, req: HttpRequest, reply: FastifyReply): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const res = reply.raw;
    const endCarrying = carryHeaders(reply);
    const onClose = () => resolve(false);
    before(req, res, (error) => {
      isOver = true;
      endCarrying();
      res.off('close', onClose);
      if (error === undefined || error === null) resolve(true);
      else reject(error);
    });
    // Most guards have spoken by now.
    if (!isOver) res.once('close', onClose);
  });
}

export function sendError(answerError: ErrorAnswers, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (reply.raw.headersSent) {
    // Half an answer must not look like a whole one.
    reply.raw.destroy();
    return reply.hijack();
  }
  const { status, headers, body } = answerError(error, request.raw);
  replaceHeaders(headOfReply(reply), headers);
  return reply.code(status).send(body);
}
