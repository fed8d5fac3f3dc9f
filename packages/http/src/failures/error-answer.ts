import type { IncomingMessage } from 'node:http';
import { type FailedAnswer, failureText, joinVary, printable, requestIdOf } from '@express-micro/core';
import type { HttpRequest } from '../middleware.ts';
import { acceptsProblem } from './accepts-problem.ts';
import { type ErrorFacts, factsOf } from './error-facts.ts';
import { type ErrorHandlerOptions, type ResolvedErrorOptions, resolveErrorOptions } from './error-options.ts';
import { type Failure, phraseOf, textOf } from './failure.ts';
import { failureOf } from './failure-of.ts';

/** An answer that no framework is needed for. Names of headers are in small letters. */
export type ErrorAnswer = FailedAnswer;

/** What the caller knows beside the request. */
export interface AnswerFacts {
  /** By which id the client knows the request already. */
  readonly requestId?: string | undefined;
  /** The status that the handler had set before it failed. */
  readonly statusSet?: number | undefined;
}

/** The answer to a request in which `error` was thrown. What is unexpected is logged, once a call. */
export type ErrorAnswers = (error: unknown, req: IncomingMessage, facts?: AnswerFacts) => ErrorAnswer;

const MAX_STACK = 16_000;
const MAX_TARGET = 200;

/**
 * Makes the function behind `errorHandler()`, for other frameworks: it answers the same bytes.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function errorAnswers(options?: ErrorHandlerOptions): ErrorAnswers {
  return createErrorAnswers(resolveErrorOptions('errorAnswers()', options));
}

/** As {@link errorAnswers}, for one error. @throws HTTP_OPTION_INVALID */
export function toErrorAnswer(error: unknown, req: IncomingMessage, options?: ErrorHandlerOptions): ErrorAnswer {
  return errorAnswers(options)(error, req);
}

export function createErrorAnswers(options: ResolvedErrorOptions): ErrorAnswers {
  return (thrown, req, { requestId = requestIdOf(req), statusSet } = {}) => {
    const error = translated(options, thrown, req);
    const facts = factsOf(error);
    const failure = failureOf(facts, {
      passRemoteStatus: options.passRemoteStatus,
      // `req.destroyed` says no more than that the body was read.
      isClientGone: req.aborted || req.socket?.destroyed === true,
      statusSet,
    });
    try {
      tell(options, error, facts, failure, req, requestId);
    } catch {
      // A log that throws cannot be told of it, and the client is still to be answered.
    }
    return write(options, failure, facts, req, requestId);
  };
}

function translated({ translate, log }: ResolvedErrorOptions, error: unknown, req: IncomingMessage): unknown {
  if (translate === undefined) return error;
  try {
    return translate(error, req) ?? error;
  } catch (problem) {
    log.error(`The option "translate" of errorHandler() threw: ${stackOf(factsOf(problem))}`);
    return error;
  }
}

/** The unexpected with its stack; of what is expected only that we could not do what was asked for. */
function tell(
  options: ResolvedErrorOptions,
  error: unknown,
  facts: ErrorFacts,
  { status, code, isExpected }: Failure,
  req: IncomingMessage,
  requestId: string,
): void {
  const { log, report } = options;
  const what = `${req.method} ${printable(targetOf(req), MAX_TARGET)} failed with ${status}, request ${requestId}`;
  if (isExpected) {
    if (status >= 500) log.warn(`${what}: ${textOf(facts.message) ?? code}`);
    return;
  }
  if (report !== undefined) {
    try {
      report(error, { req, requestId, status, code });
      return;
    } catch (problem) {
      log.error(`The option "report" of errorHandler() threw: ${stackOf(factsOf(problem))}`);
    }
  }
  // A status below 500 was meant by whoever set it; that it is worth a look is all that can be said.
  if (status < 500) log.warn(`${what}: ${stackOf(facts)}`);
  else log.error(`${what}: ${stackOf(facts)}`);
}

/** The path as the client wrote it. A query may hold what nobody else is to know. */
export function targetOf(req: HttpRequest): string {
  return (req.originalUrl ?? req.url ?? '').split(/[?#]/, 1)[0] ?? '';
}

function stackOf({ stack, message, name }: ErrorFacts): string {
  const text = typeof stack === 'string' && stack !== '' ? stack : `${textOf(name) ?? 'Error'}: ${textOf(message) ?? 'no text'}`;
  return text.slice(0, MAX_STACK);
}

function write(
  options: ResolvedErrorOptions,
  failure: Failure,
  facts: ErrorFacts,
  req: IncomingMessage,
  requestId: string,
): ErrorAnswer {
  const { status, code, errors, data, isExpected } = failure;
  const message = isExpected || !options.showMessage ? failure.message : (textOf(facts.message) ?? failure.message);
  const stack = isExpected || !options.showStack ? undefined : stackOf(facts);
  const isProblem = options.alwaysProblem || acceptsProblem(req.headers.accept);
  const body = failureText(
    isProblem
      ? { ...problemOf(options, failure, message, req), code, requestId, errors, data, stack }
      : { status: 'error', message, code, requestId, errors, data, stack },
  );
  return {
    status,
    headers: {
      ...failure.headers,
      'content-type': isProblem ? 'application/problem+json; charset=utf-8' : 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      vary: joinVary(failure.headers?.vary, 'Accept'),
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
    },
    body,
  };
}

/** RFC 9457. `instance` is a reference to what was asked for, and left out where it cannot be one. */
function problemOf(
  { problemType }: ResolvedErrorOptions,
  { status, code }: Failure,
  detail: string,
  req: IncomingMessage,
): object {
  const target = targetOf(req);
  const instance = /^\/[\x21-\x7e]*$/.test(target) ? target : undefined;
  return { type: typeOf(problemType, code), title: phraseOf(status), status, detail, instance };
}

function typeOf(problemType: ResolvedErrorOptions['problemType'], code: string): string {
  try {
    return problemType?.(code) ?? 'about:blank';
  } catch {
    return 'about:blank';
  }
}
