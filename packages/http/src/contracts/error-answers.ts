import { isMicroError, requestIdOf } from '@express-micro/core';
import type { AppError } from '../app-errors.ts';
import type { HttpRequest } from '../middleware.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer to a request in which something was thrown, where the framework is not to make it. */
export function errorAnswers(): (error: unknown, req: HttpRequest) => ErrorAnswer {
  return (error, req) => {
    const requestId = requestIdOf(req);
    const known = isMicroError(error) && error.expose ? (error as AppError & { errors?: unknown }) : undefined;
    const status = known?.status ?? 500;
    const said = known ?? { message: 'Internal Server Error', code: 'INTERNAL', errors: undefined, data: undefined };
    const { message, code, errors, data } = said;
    const body = JSON.stringify({ status: 'error', message, code, requestId, errors, data });
    return {
      status,
      headers: { ...known?.headers, 'content-type': 'application/json; charset=utf-8', 'x-request-id': requestId },
      body,
    };
  };
}
