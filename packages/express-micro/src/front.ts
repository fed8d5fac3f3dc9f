import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HandlingApp, isMicroError, type Log, printable, sendFailedAnswer } from '@express-micro/core';
import { type Middleware, uncaughtAnswer } from '@express-micro/mesh';

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
    const answer = uncaughtAnswer(problem, req);
    if (answer.isWorthALine) log.error(`${req.method} ${JSON.stringify(req.url)} failed: ${printable(problem.message, 1_000)}`);
    sendFailedAnswer(res, answer);
    return;
  }
  // The final handler is made inside `handle` and cannot be had elsewhere. So `handle` runs once more, over a router that
  // does nothing but to hand on what happened, and without setting a header that is set, taken off or sent already.
  const spent = { value: { handle: (_req: unknown, _res: unknown, done: (error?: unknown) => void) => done(problem) } };
  const enabled = { value: (name: string) => name !== 'x-powered-by' && app.enabled(name) };
  handle.call(Object.create(app, { router: spent, _router: spent, enabled }), req, res);
}
