import type { ServerResponse } from 'node:http';
import { forgetContent, joinVary } from '@express-micro/core';
import type { ErrorAnswers } from '../failures/error-answer.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { FastifyReply, FastifyRequest } from './fastify-types.ts';
import { readQuery } from './query.ts';

/**
 * Node's request with what guards written for Express look for.
 * @param hasGuards whether there are any: a query that nobody reads is not read
 */
export function rawOf(request: FastifyRequest, hasGuards: boolean): HttpRequest {
  const req: HttpRequest = request.raw;
  req.originalUrl ??= request.originalUrl;
  req.ip ??= request.ip;
  req.params = request.params;
  // A hook of Fastify's may have found out who calls.
  req.principal ??= (request as { readonly principal?: HttpRequest['principal'] }).principal;
  if (hasGuards) req.query = readQuery(req.url);
  return req;
}

/**
 * Whether the request is to be handled; `false` when a guard has answered it.
 * @param answerError told of what a guard fails with after it has gone on: the answer is the handler's, and the log is to know
 */
export function passes(before: Middleware, req: HttpRequest, res: ServerResponse, answerError: ErrorAnswers): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const onClose = () => resolve(false);
    before(req, res, (error) => {
      if (isOver) {
        if (error !== undefined && error !== null) answerError(error, req);
        return;
      }
      isOver = true;
      res.off('close', onClose);
      if (error === undefined || error === null) resolve(true);
      else reject(error);
    });
    // Most guards have spoken by now.
    if (!isOver) res.once('close', onClose);
  });
}

export function sendError(answerError: ErrorAnswers, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Asked in any case: it tells the log.
  const { status, headers, body } = answerError(error, request.raw);
  if (reply.raw.headersSent) {
    // Half an answer must not look like a whole one. What has ended is out already.
    if (!reply.raw.writableEnded) reply.raw.destroy();
    return reply.hijack();
  }
  const before = [reply.getHeader('vary'), reply.raw.getHeader('vary')].flatMap((each) => each ?? []);
  // What guards have said stands on Node's response, and what hooks have said on Fastify's.
  forgetContent(reply);
  forgetContent(reply.raw);
  return reply
    .code(status)
    .headers({ ...headers, vary: joinVary(before, headers.vary as string) })
    .send(body);
}
