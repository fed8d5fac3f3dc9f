import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Log, type MeshPart, offerPart, watchPart } from '@express-micro/core';
import { createEndpoints, type Endpoint } from './endpoints/endpoints.ts';
import { openSidePort, type SidePort } from './endpoints/side-port.ts';
import { createHealth, type Health } from './health/health.ts';
import type { ResolvedHealth } from './health/options.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import type { ResolvedMetrics } from './metrics/options.ts';
import type { RoutedApp } from './metrics/route-pattern.ts';
import type { RequestObserver } from './request/observed-request.ts';
import type { ResolvedShutdown } from './shutdown/options.ts';
import { createShutdown, type Shutdown } from './shutdown/shutdown.ts';

/** Each `false` where it is switched off. */
export interface OperationsOptions {
  readonly metrics: ResolvedMetrics | false;
  readonly health: ResolvedHealth | false;
  readonly shutdown: ResolvedShutdown | false;
}

export interface OperationsSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** Writes out what the log still holds: the last thing that a process does. */
  readonly flush: () => Promise<void>;
  /** @default process.exit */
  readonly exit?: (code: number) => void;
}

/** What operators and platforms ask of a process, and how they end it: metrics, health, shutdown. */
export interface Operations {
  readonly metrics: Metrics | undefined;
  readonly health: Health | undefined;
  readonly shutdown: Shutdown | undefined;
  /** What is to be told of each request. */
  readonly observers: readonly RequestObserver[];
  /** Stands before everything of the app; answers whether a request was one of ours. */
  answer(req: IncomingMessage, res: ServerResponse): boolean;
  /** Resolves when the ports of our own listen, or cannot. */
  readonly opened: Promise<void>;
  /** The port of their own at which metrics, or health, are read, once it is open. */
  port(of: 'metrics' | 'health'): number | undefined;
  close(): Promise<void>;
}

export function createOperations(
  app: RoutedApp,
  { metrics: metricsOptions, health: healthOptions, shutdown: shutdownOptions }: OperationsOptions,
  { clock, log, flush, exit }: OperationsSurroundings,
): Operations {
  let mesh: MeshPart | undefined;
  const metrics = metricsOptions === false ? undefined : createMetrics(metricsOptions, { app, clock, log });
  const shutdown =
    shutdownOptions === false
      ? undefined
      : createShutdown(shutdownOptions, { app, clock, log, mesh: () => mesh, last: close, ...(exit && { exit }) });
  const health =
    healthOptions === false
      ? undefined
      : createHealth(healthOptions, { clock, log, mesh: () => mesh, isLeaving: () => shutdown?.isLeaving === true });
  if (health !== undefined) metrics?.add(health.collect);

  // Where each is answered: on the app, or on a port of its own, which two of them may share.
  const onApp: Endpoint[] = [];
  const onPorts = new Map<number, { readonly host: string | undefined; readonly endpoints: Endpoint[] }>();
  const place = (
    options: { readonly port: number | undefined; readonly host: string | undefined },
    endpoints: readonly Endpoint[],
  ) => {
    if (options.port === undefined) return void onApp.push(...endpoints);
    const shared = onPorts.get(options.port) ?? { host: options.host, endpoints: [] };
    onPorts.set(options.port, shared);
    shared.endpoints.push(...endpoints);
  };
  if (metricsOptions !== false && metrics !== undefined) place(metricsOptions, [metrics.endpoint]);
  if (healthOptions !== false && health !== undefined) place(healthOptions, health.endpoints);
  const answer = createEndpoints(onApp, () => mesh);
  const ports = new Map<number, SidePort>(
    [...onPorts].map(([port, { host, endpoints }]) => [
      port,
      openSidePort(
        { port, host },
        createEndpoints(endpoints, () => mesh),
        { clock, log },
      ),
    ]),
  );

  // The mesh may be there already, or come later, or go and come again.
  const unwatch = watchPart(app, 'mesh', (part) => {
    mesh = part;
    part.spare(onApp.map(({ path }) => path));
    const unwatchMesh = metrics?.watchMesh(part);
    return () => {
      unwatchMesh?.();
      mesh = undefined;
    };
  });
  const withdraw = shutdown === undefined ? () => {} : offerPart(app, 'shutdown', shutdown);

  async function close(): Promise<void> {
    unwatch();
    withdraw();
    await Promise.all([...ports.values()].map((port) => port.close()));
    health?.close();
    metrics?.close();
    await flush();
  }

  return {
    metrics: metrics?.metrics,
    health: health?.health,
    shutdown,
    observers: metrics === undefined ? [] : [metrics.observer],
    answer,
    opened: Promise.all([...ports.values()].map(({ opened }) => opened)).then(() => {}),
    port(of) {
      const options = of === 'metrics' ? metricsOptions : healthOptions;
      return options === false || options.port === undefined ? undefined : ports.get(options.port)?.port;
    },
    close,
  };
}
