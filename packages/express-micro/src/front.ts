import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import {
  type AnswerableError,
  type ErrorKind,
  failureText,
  type HandlingApp,
  headersOfError,
  isAnswerable,
  isMicroError,
  type Log,
  type MicroError,
  printable,
  requestIdOf,
  sendFailedAnswer,
} from '@express-micro/core';
import type { Middleware } from '@express-micro/mesh';

export interface FrontOptions {
  readonly front: Middleware;
  readonly log: Log;
  /** Told of each request that comes straight from a server, before anything else. */
  readonly onRequest: (req: IncomingMessage) => void;
  readonly isClosed: () => boolean;
}

/**
 * Stands before everything else of an app, whenever it is called: before or after routes and middleware.
 *
 * It takes the place of `app.handle`, which every request passes. Adding a middleware instead would come too late behind
 * `express.json()`, and would make the app's router before its settings (`strict routing`, …) are made.
 */
export function standInFront(app: HandlingApp, { front, log, onRequest, isClosed }: FrontOptions): void {
  const handle = app.handle;
  app.handle = function handleInMesh(this: unknown, req, res, next) {
    if (isClosed()) {
      handle.call(this, req, res, next);
      return;
    }
    if (next === undefined) onRequest(req);
    front(req, res, (error) => {
      const last = next ?? ((problem?: unknown) => lastWord(app, handle, log, req, res, problem));
      if (error === undefined) handle.call(this, req, res, last);
      else last(error);
    });
  };
}

/**
 * What becomes of a request that nobody answered. An error that is made to be answered with is. A failed call to another
 * service is answered with its status and nothing of its text; everything else goes to Express's own final handler, as if
 * we were not here.
 */
function lastWord(
  app: HandlingApp,
  handle: HandlingApp['handle'],
  log: Log,
  req: IncomingMessage,
  res: ServerResponse,
  problem: unknown,
): void {
  if (isMicroError(problem) && !res.headersSent) {
    const isForClient = isAnswerable(problem) && problem.isOperational;
    if (!isForClient || problem.status >= 500)
      log.error(`${req.method} ${JSON.stringify(req.url)} failed: ${printable(problem.message, 1_000)}`);
    if (isForClient) answerWith(req, res, problem);
    else answerFailure(res, problem);
    return;
  }
  // The final handler is made inside `handle` and cannot be had elsewhere. So `handle` runs once more, over a router that
  // does nothing but to hand on what happened, and without setting a header that is set, taken off or sent already.
  const spent = { value: { handle: (_req: unknown, _res: unknown, done: (error?: unknown) => void) => done(problem) } };
  const enabled = { value: (name: string) => name !== 'x-powered-by' && app.enabled(name) };
  handle.call(Object.create(app, { router: spent, _router: spent, enabled }), req, res);
}

/** As `errorHandler()` of `@express-micro/http` would, in short: its message, code and headers are for the client. */
function answerWith(req: IncomingMessage, res: ServerResponse, error: AnswerableError): void {
  const { message, code, errors, data, headers } = error;
  const requestId = requestIdOf(req);
  const status = error.status >= 400 && error.status <= 599 ? error.status : 500;
  answer(
    res,
    status,
    { status: 'error', message, code, requestId, errors, data },
    { ...headersOfError(headers), 'x-request-id': requestId },
  );
}

/** What says something to a client: that somebody else is not there, is late, or has too much to do. */
const TELLING: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['unavailable', 'deadline_exceeded', 'resource_exhausted']);

/** The remote's own status, 503 and 504 say something to a client; that we called wrongly is not its fault. */
function statusFor(error: MicroError): number {
  if (isAnswerable(error)) return 500;
  return error.code === 'MESH_REMOTE_STATUS' || TELLING.has(error.kind) ? error.status : 500;
}

function answerFailure(res: ServerResponse, error: MicroError): void {
  const requestId = (error as { requestId?: string }).requestId;
  const status = statusFor(error);
  // Nothing of a defect is for clients, its code neither.
  const code = isAnswerable(error) ? 'INTERNAL' : error.code;
  answer(res, status, { error: STATUS_CODES[status] ?? 'Error', code, requestId });
}

function answer(res: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
  const text = failureText(body);
  const ofText = { 'content-type': 'application/json; charset=utf-8', 'content-length': String(Buffer.byteLength(text)) };
  sendFailedAnswer(res, { status, headers: { ...headers, ...ofText }, body: text });
}
