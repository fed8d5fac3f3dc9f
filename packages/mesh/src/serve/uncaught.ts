import { type IncomingMessage, STATUS_CODES } from 'node:http';
import {
  type AnswerableError,
  type ErrorKind,
  type FailedAnswer,
  failureText,
  headersOfError,
  isAnswerable,
  type MicroError,
  requestIdOf,
} from '@express-micro/core';

/** What says something to a client: that somebody else is not there, is late, or has too much to do. */
const TELLING: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['unavailable', 'deadline_exceeded', 'resource_exhausted']);

interface UncaughtAnswer extends FailedAnswer {
  /** Whether the people who run the service are to know of it. */
  readonly isWorthALine: boolean;
}

/**
 * What a client reads of an error that nobody caught. One that is made to be answered with is. Of a failed call the remote's own status, 503 and
 * 504 are told; that we called wrongly is not the client's fault. Nothing of its text is: that is for the people who run the service.
 */
export function uncaughtAnswer(error: MicroError, req: IncomingMessage): UncaughtAnswer {
  if (isAnswerable(error) && error.isOperational) {
    const status = error.status >= 400 && error.status <= 599 ? error.status : 500;
    return { ...answerOf(status, forClient(error, requestIdOf(req)), headersFor(error, req)), isWorthALine: status >= 500 };
  }
  const { requestId } = error as { requestId?: string };
  const status = statusFor(error);
  // Nothing of a defect is for clients, its code neither.
  const code = isAnswerable(error) ? 'INTERNAL' : error.code;
  return { ...answerOf(status, { error: STATUS_CODES[status] ?? 'Error', code, requestId }, {}), isWorthALine: true };
}

/** As `errorHandler()` of `@express-micro/http` would, in short. */
function forClient({ message, code, errors, data }: AnswerableError, requestId: string): object {
  return { status: 'error', message, code, requestId, errors, data };
}

function headersFor({ headers }: AnswerableError, req: IncomingMessage): Record<string, string> {
  return { ...headersOfError(headers), 'x-request-id': requestIdOf(req) };
}

function statusFor(error: MicroError): number {
  if (isAnswerable(error)) return 500;
  return error.code === 'MESH_REMOTE_STATUS' || TELLING.has(error.kind) ? error.status : 500;
}

function answerOf(status: number, body: object, headers: Readonly<Record<string, string>>): FailedAnswer {
  const text = failureText(body);
  const ofText = { 'content-type': 'application/json; charset=utf-8', 'content-length': String(Buffer.byteLength(text)) };
  return { status, headers: { ...headers, ...ofText }, body: text };
}
