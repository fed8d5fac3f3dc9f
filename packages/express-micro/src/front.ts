import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { HandlingApp } from '@express-micro/core';
import { type ErrorKind, isMicroError, type Log, type MicroError, printable } from '@express-micro/core';
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
 * What becomes of a request that nobody answered. A failed call to another service is answered with its status and
 * nothing of its text; everything else goes to Express's own final handler, as if we were not here.
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
    log.error(`${req.method} ${JSON.stringify(req.url)} failed: ${printable(problem.message, 1_000)}`);
    answerFailure(res, problem);
    return;
  }
  // The final handler is made inside `handle` and cannot be had elsewhere. So `handle` runs once more, over a router that
  // does nothing but to hand on what happened, and without setting a header that is set, taken off or sent already.
  const spent = { value: { handle: (_req: unknown, _res: unknown, done: (error?: unknown) => void) => done(problem) } };
  const enabled = { value: (name: string) => name !== 'x-powered-by' && app.enabled(name) };
  handle.call(Object.create(app, { router: spent, _router: spent, enabled }), req, res);
}

/** What says something to a client: that somebody else is not there, is late, or has too much to do. */
const TELLING: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['unavailable', 'deadline_exceeded', 'resource_exhausted']);

/** The remote's own status, 503 and 504 say something to a client; that we called wrongly is not its fault. */
function statusFor({ code, kind, status }: MicroError): number {
  return code === 'MESH_REMOTE_STATUS' || TELLING.has(kind) ? status : 500;
}

function answerFailure(res: ServerResponse, error: MicroError): void {
  const requestId = (error as { requestId?: string }).requestId;
  const status = statusFor(error);
  const body = JSON.stringify({
    error: STATUS_CODES[status] ?? 'Error',
    code: error.code,
    ...(requestId === undefined ? {} : { requestId }),
  });
  for (const name of res.getHeaderNames()) if (/^content-|^etag$|^last-modified$/.test(name)) res.removeHeader(name);
  res
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) })
    .end(body);
}
