// Hot path: a line for each request. Its bench: bench/log-line.mjs

import type { IncomingMessage, ServerResponse } from 'node:http';
import { functionOption, type Option, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { LEVELS } from '../logging/levels.ts';
import { insideOf, type Logger } from '../logging/logger.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { type Middleware, observing } from '../request/request-id.ts';
import { redactUrl } from './redact-url.ts';
import { isRoutine } from './routine.ts';
import { addressOf } from './tokens.ts';

export interface RequestLoggerOptions {
  /** Requests that are not logged. @default those of the mesh to itself that went well */
  readonly skip?: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined;
}

type Skip = (req: IncomingMessage, res: ServerResponse) => boolean;
const OPTIONS: { readonly skip: Option<Skip | undefined> } = { skip: functionOption<Skip>('a function (req, res) => boolean') };

const SERVER_FAILED = 500;

/**
 * One structured line a request: `method`, `url`, `status`, `durationMs`, `userAgent`, `ip`, and `aborted: true` where not all
 * of the answer went out. At level `http`; at `error` where the status is 500 or more.
 *
 * A part of `observability()`, to be used alone: `app.use(requestLogger(logger))`, before everything that is to be logged.
 *
 * @throws OBSERVABILITY_OPTION_INVALID
 */
export function requestLogger(logger: Logger, options?: RequestLoggerOptions): Middleware {
  return observing([createRequestLog(logger, options)]);
}

export function createRequestLog(logger: Logger, options?: RequestLoggerOptions): RequestObserver {
  const { skip } = resolveOptions('requestLogger()', OPTIONS, options, optionInvalid);
  const { state, secrets } = insideOf(logger);
  return {
    name: 'The log of requests',
    ended(request) {
      const { status } = request;
      const rank = status >= SERVER_FAILED ? LEVELS.error : LEVELS.http;
      const context = request.context ?? request;
      if (rank > state.rank && (state.raised?.any !== true || rank > state.raised.rankOf(context))) return;
      if (skip === undefined ? isRoutine(request) : skip(request.req, request.res)) return;
      const url = redactUrl(request.url, secrets);
      state.write(rank, fieldsOf(request, url, status), `${request.req.method} ${url} ${status}`, request);
    },
  };
}

/** Nothing here needs a cleaner: they are texts and numbers, and the one that may hold a secret has been looked through. */
function fieldsOf(request: ObservedRequest, url: string, status: number): Record<string, unknown> {
  const { req, durationMs, isFinished } = request;
  const fields: Record<string, unknown> = {
    method: req.method,
    url,
    status,
    durationMs: Math.round(durationMs * 1_000) / 1_000,
    userAgent: req.headers['user-agent'],
    ip: addressOf(request),
  };
  if (!isFinished) fields.aborted = true;
  return fields;
}
