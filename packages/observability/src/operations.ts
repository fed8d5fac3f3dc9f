import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Log, type MeshPart, type Option, offerPart, watchPart } from '@express-micro/core';
import { createEndpoints, type Endpoint } from './endpoints/endpoints.ts';
import { openSidePort, type SidePort } from './endpoints/side-port.ts';
import { createHealth, type Health } from './health/health.ts';
import { healthOption, type ResolvedHealth } from './health/options.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { metricsOption, type ResolvedMetrics } from './metrics/options.ts';
import type { RoutedApp } from './metrics/route-pattern.ts';
import type { RequestObserver } from './request/observed-request.ts';
import { type ResolvedShutdown, shutdownOption } from './shutdown/options.ts';
import { createShutdown, type Shutdown } from './shutdown/shutdown.ts';

/** Each `false` where nothing of it is to be seen from outside; what it gives to the app's own code is there all the same. */
export interface OperationsOptions {
  readonly metrics: ResolvedMetrics | false;
  readonly health: ResolvedHealth | false;
  readonly shutdown: ResolvedShutdown | false;
}

export interface OperationsSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** The last thing that a process does, when all else is closed: to end what observes, the log with it. */
  readonly last: () => Promise<void>;
  /** @default process.exit */
  readonly exit?: (code: number) => void;
}

/** What operators and platforms ask of a process, and how they end it: metrics, health, shutdown. */
export interface Operations {
  readonly metrics: Metrics;
  readonly health: Health;
  readonly shutdown: Shutdown;
  /** What is to be told of each request. */
  readonly observers: readonly RequestObserver[];
  /** Stands before everything of the app; answers whether a request was one of ours. */
  answer(req: IncomingMessage, res: ServerResponse): boolean;
  /** The ports of their own at which these are read, once they are open. */
  ports(): { readonly metrics: number | undefined; readonly health: number | undefined };
  close(): Promise<void>;
}

export function createOperations(
  app: RoutedApp,
  options: OperationsOptions,
  { clock, log, last, exit }: OperationsSurroundings,
): Operations {
  let mesh: MeshPart | undefined;
  const metrics = createMetrics(orDefaults(options.metrics, metricsOption), {
    app,
    clock,
    log,
    isMeasuring: options.metrics !== false,
  });
  const shutdownOptions = options.shutdown === false ? { ...orDefaults(false, shutdownOption), signals: [] } : options.shutdown;
  const shutdown = createShutdown(shutdownOptions, { app, clock, log, mesh: () => mesh, last, ...(exit && { exit }) });
  const health = createHealth(orDefaults(options.health, healthOption), {
    clock,
    log,
    mesh: () => mesh,
    isLeaving: () => shutdown.isLeaving,
  });
  metrics.add(health.collect);

  // Where each is answered: on the app, or on a port of its own, which both may share.
  const onApp: Endpoint[] = [];
  const onPorts = new Map<number, { host: string | undefined; readonly endpoints: Endpoint[] }>();
  const place = (given: ResolvedMetrics | ResolvedHealth | false, endpoints: readonly Endpoint[]) => {
    if (given === false) return;
    const { port, host } = given;
    if (port === undefined) return void onApp.push(...endpoints);
    const shared = onPorts.get(port) ?? { host, endpoints: [] };
    shared.host ??= host;
    onPorts.set(port, shared);
    shared.endpoints.push(...endpoints);
  };
  place(options.metrics, [metrics.endpoint]);
  place(options.health, health.endpoints);
  const ports = new Map<number, SidePort>();
  for (const [port, { host, endpoints }] of onPorts) {
    ports.set(
      port,
      openSidePort(
        { port, host },
        createEndpoints(endpoints, () => mesh),
        { clock, log },
      ),
    );
  }

  const portOf = (given: ResolvedMetrics | ResolvedHealth | false) =>
    given === false || given.port === undefined ? undefined : ports.get(given.port)?.port;

  // The mesh may be there already, or come later, or go and come again.
  const unwatch = watchPart(app, 'mesh', (part) => {
    mesh = part;
    part.spare(onApp.map(({ path }) => path));
    const unwatchMesh = options.metrics === false ? () => {} : metrics.watchMesh(part);
    return () => {
      unwatchMesh();
      mesh = undefined;
    };
  });
  const withdraw = offerPart(app, 'shutdown', shutdown);

  return {
    metrics: metrics.metrics,
    health: health.health,
    shutdown,
    observers: options.metrics === false ? [] : [metrics.observer],
    answer: createEndpoints(onApp, () => mesh),
    ports: () => ({ metrics: portOf(options.metrics), health: portOf(options.health) }),
    async close() {
      unwatch();
      withdraw();
      shutdown.forget();
      await Promise.all([...ports.values()].map((port) => port.close()));
      health.close();
      metrics.close();
    },
  };
}

function orDefaults<T>(given: T | false, option: Option<T | false>): T {
  return given === false ? (option.fallback() as T) : given;
}
