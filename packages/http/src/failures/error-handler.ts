import type { ServerResponse } from 'node:http';
import { entranceOf, isRequestId, sendFailedAnswer } from '@express-micro/core';
import type { HttpRequest, Next } from '../middleware.ts';
import { createErrorAnswers } from './error-answer.ts';
import { type ErrorHandlerOptions, resolveErrorOptions } from './error-options.ts';

/** Express knows a handler of errors by its four parameters. */
export type ErrorMiddleware = (error: unknown, req: HttpRequest, res: ServerResponse, next: Next) => void;

/**
 * Answers whatever was thrown: `app.use(errorHandler())`, behind everything else, on Express 4 and 5.
 *
 * An `AppError` is answered with its status, message, code, `errors` and `data`; a failed call to another service with 502,
 * 503, 504 or 429; everything else is a defect: logged with its stack, and in production answered with nothing of it. The body is
 * `{ status: 'error', message, code, requestId, errors?, data? }`, or RFC 9457's where the client asks for `application/problem+json`.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function errorHandler(options?: ErrorHandlerOptions): ErrorMiddleware {
  const answerOf = createErrorAnswers(resolveErrorOptions('errorHandler()', options));
  // Express counts the parameters: all four have to stand there.
  return function errorHandler(error, req, res, _next) {
    const said = entranceOf(req) === undefined ? res.getHeader('x-request-id') : undefined;
    const answer = answerOf(error, req, {
      requestId: isRequestId(said) ? said : undefined,
      statusSet: res.statusCode >= 400 && res.statusCode <= 599 ? res.statusCode : undefined,
    });
    // Half an answer must not look like a whole one: what has begun is cut off. What has ended is out already.
    if (!res.headersSent) sendFailedAnswer(res, answer);
    else if (!res.writableEnded) res.destroy();
  };
}
