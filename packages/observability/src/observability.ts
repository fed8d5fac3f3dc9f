import type { IncomingMessage } from 'node:http';
import {
  type ExpressApp,
  entranceOf,
  isExpressApp,
  keepContext,
  quickenServers,
  settlesWithin,
  systemClock,
  watchPart,
} from '@express-micro/core';
import { createAccessLog } from './access-log/access-log.ts';
import { createRequestLog } from './access-log/request-logger.ts';
import { optionInvalid } from './errors.ts';
import type { Health } from './health/health.ts';
import { levelEndpoint } from './logging/level-endpoint.ts';
import { insideOf, type Logger, raiseRequests } from './logging/logger.ts';
import { logMesh } from './logging/mesh-log.ts';
import { createRaisedRequests } from './logging/request-level.ts';
import type { Metrics } from './metrics/metrics.ts';
import { createOperations } from './operations.ts';
import { loggerFrom, type ObservabilityOptions, resolveObservabilityOptions } from './options.ts';
import { ObservedRequest, observe, type RequestObserver } from './request/observed-request.ts';
import { type Middleware, SYSTEM } from './request/request-id.ts';
import { standOutside } from './request/stand-outside.ts';
import type { Shutdown } from './shutdown/shutdown.ts';
import { flushTraces } from './tracing/own-sdk.ts';
import { createTracing } from './tracing/tracing.ts';

/** What an app that is observed has. */
export interface Observability {
  /** Writes lines that know their request, from anywhere: export it, or make it where it is needed with `createLogger`. */
  readonly logger: Logger;
  /** Counts and measures of your own, beside those that are there by themselves. */
  readonly metrics: Metrics;
  /** What this process needs to be of use. */
  readonly health: Health;
  /** What is to be closed when the process ends. */
  readonly shutdown: Shutdown;
  /** Ports of their own at which metrics and health are read, once they are open: for who gave 0 and was given one. */
  ports(): { readonly metrics: number | undefined; readonly health: number | undefined };
  /** Writes what is held and lets go of files and signals. The app goes on, unobserved. */
  close(): Promise<void>;
}

const observed = new WeakSet<object>();
/** Who takes traces may be gone, and a process that ends does not wait for that. */
const TRACES_LIMIT_MS = 3_000;

/**
 * One line, and an operator can answer what happened to a request: every request has an id, a line in the access log, and lines
 * of the app that know which request they belong to.
 *
 * Call it once an app, on the outermost app, before or after `expressMicro(app)`, and before or after the routes are declared.
 *
 * @throws OBSERVABILITY_OPTION_INVALID names the option, what it got and what it takes
 * @throws OBSERVABILITY_FILE_REFUSED when a log file cannot be opened
 */
export function observability(app: ExpressApp, options?: ObservabilityOptions): Observability {
  if (!isExpressApp(app)) throw optionInvalid('observability() takes an Express app first: observability(express(), { … }).', {});
  if (observed.has(app))
    throw optionInvalid('observability() was called twice with the same app. Keep what the first call returned.', {});
  const resolved = resolveObservabilityOptions(options);
  keepContext();
  const unquicken = quickenServers(app);

  // Each part looks at requests, in this order, and can be had alone.
  const observers: RequestObserver[] = [];
  const closers: (() => Promise<void>)[] = [];

  // Lines of the app.
  const { logger, isOurs } = loggerFrom(resolved.logger, resolved.service);
  if (isOurs) closers.push(() => logger.close());
  if (resolved.levelHeader !== undefined) {
    const raised = createRaisedRequests(resolved.levelHeader);
    raiseRequests(logger, raised);
    observers.push(raised.observer);
  }

  // What the mesh does, where there is one.
  const unwatchMesh = watchPart(app, 'mesh', (mesh) => logMesh(mesh, logger));
  closers.push(async () => unwatchMesh());

  // A line for each request.
  if (resolved.accessLog === 'structured') observers.push(createRequestLog(logger));
  else if (resolved.accessLog !== false) {
    const log = createAccessLog(resolved.accessLog);
    observers.push(log.observer);
    closers.push(log.close);
  }

  // Its place in a trace, before whoever tells something of it.
  const tracing = createTracing(app, resolved.tracing, { clock: systemClock, secrets: insideOf(logger).secrets });
  observers.unshift(...tracing.observers);
  closers.push(async () => {
    tracing.close();
    await settlesWithin(systemClock, TRACES_LIMIT_MS, flushTraces());
  });

  // What operators and platforms ask of the process, and how they end it.
  const operations = createOperations(app, resolved, { clock: systemClock, log: logger, last: close });
  observers.push(...operations.observers);
  closers.push(operations.close);

  const endpoint = endpointAt(resolved.levelEndpoint, logger);
  let isClosed = false;
  standOutside(
    app,
    (req, res, onward) => {
      // Asked every few seconds, and when the app is too busy to answer: nobody wants to see that in the log.
      if (operations.answer(req, res)) return;
      const request = observe(SYSTEM, req, res, observers);
      const own = endpoint(req);
      const serve = own === undefined ? onward : () => own(req, res, onward);
      tracing.run(request, serve);
    },
    (req) => isClosed || isObservedBy(observers, req),
  );
  closers.push(async () => unquicken());
  observed.add(app);

  let closing: Promise<void> | undefined;
  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }
  async function end(): Promise<void> {
    isClosed = true;
    observed.delete(app);
    // The logger last: what the others do at their end can still be told.
    for (const closer of closers.reverse()) await closer();
  }

  const { metrics, health, shutdown, ports } = operations;
  return { logger, metrics, health, shutdown, ports, close };
}

/** Whether a request has passed already: the mesh, which may stand in the middle of us, calls us again. */
function isObservedBy(observers: readonly RequestObserver[], req: IncomingMessage): boolean {
  const request = entranceOf(req);
  return request instanceof ObservedRequest && observers.every((observer) => request.observers.includes(observer));
}

function endpointAt(
  given: ReturnType<typeof resolveObservabilityOptions>['levelEndpoint'],
  logger: Logger,
): (req: IncomingMessage) => Middleware | undefined {
  if (given === undefined) return () => undefined;
  const { path, ...options } = given;
  const middleware = levelEndpoint(logger, options);
  return ({ url = '' }) => (url === path || url.startsWith(`${path}?`) ? middleware : undefined);
}
