import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import {
  type Caller,
  type ExpressApp,
  giveExpressPrototypes,
  type HandlingApp,
  isExpressApp,
  keepContext,
  offerPart,
  stopServer,
  systemClock,
  watchServers,
} from '@express-micro/core';
import {
  type Counters,
  createMesh,
  DRAIN_ON_CLOSE,
  type Drain,
  drainOnSigterm,
  type IdempotencyOptions,
  type InstanceInfo,
  type MeshEvents,
  type MeshListener,
  type MeshOptions,
  type Middleware,
  meshError,
  type NamedRoute,
  PORT_ADVICE,
  PORT_PATIENCE_MS,
  type ReadyOptions,
  reloadOnSighup,
  resolveMeshOptions,
  type ServerCertificates,
  type ServicesOf,
} from '@express-micro/mesh';
import { prototypesFor } from './express-link.ts';
import { giveLifetime } from './express-request.ts';
import { createRouteReader } from './express-routes.ts';
import { standInFront } from './front.ts';
import { addressOf, keepConnections, serverOf } from './listening.ts';
import { currentStage } from './stage.ts';

/**
 * Declare your services here to have them typed:
 *
 * ```ts
 * declare module 'express-micro' {
 *   interface Services { orderService: { getOrders(args: { userId: number }): Promise<Order[]> } }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be filled by its users, by declaration merging.
export interface Services {}

export type ExpressMicroOptions = MeshOptions;

/** What an app can do as a member of the mesh. */
export interface Micro {
  /** The other services, their routes as functions: `await services.orderService.getOrders({ userId: 123 })`. */
  readonly services: ServicesOf<Services>;
  /**
   * Resolves when the services named (or else all `peers` given) are known and can be called.
   * @throws MESH_NOT_READY after `timeoutMs` (default 30000); MESH_PORT_UNKNOWN; MESH_CLOSED; MESH_OPTION_INVALID
   */
  ready(options?: ReadyOptions): Promise<void>;
  /** A guard for routes that only verified services may call: 401 for everybody else. */
  internal(): Middleware;
  /**
   * Runs a request with an `Idempotency-Key` once; who asks again with the same key gets the first answer:
   * `app.post('/orders', micro.idempotent(), handler)`, before or behind `express.json()`. Not for answers that are streams:
   * they are held until they end, to be kept.
   * @throws MESH_OPTION_INVALID
   */
  idempotent(options?: IdempotencyOptions): Middleware;
  /** Who made this request, if it was a service that proved itself. */
  caller(req: IncomingMessage): Caller | undefined;
  /** What this app offers now. */
  routes(): readonly NamedRoute[];
  /** What is known of the others: all, or those of one service. */
  instances(service?: string): InstanceInfo[];
  /** What has happened so far, as numbers that only grow (links: how many are open). */
  counters(): Readonly<Counters>;
  /** Listens; answers how to stop listening. `up` and `down` speak of a service, `change` of one instance. */
  on<E extends keyof MeshEvents>(event: E, listener: MeshListener<E>): () => void;
  /** Names the server of this app, where it cannot be found by itself (the app is called from a function of yours). */
  attach(server: Server): void;
  /** Takes new keys, in the form of `EXPRESS_DISCOVERY_KEY`, with no failed call. @throws MESH_KEY_INVALID */
  rotate(keys: string): void;
  /**
   * Reads keys and certificates once more from where they came, as SIGHUP does with `reloadOnSighup`. What cannot be used is said
   * (log, `on('renewal')`) and changes nothing.
   */
  reload(): void;
  /** What of `tls` is in force now: `https.createServer({ ...micro.certificates(), requestCert: true }, app)`. It holds the key. */
  certificates(): ServerCertificates;
  /** False from the moment in which this app begins to leave. */
  isReady(): boolean;
  /** Answers a load balancer the same, with 200 or 503: `app.get('/health/ready', micro.readiness())`. */
  readiness(): Middleware;
  /**
   * Leaves the mesh: tells the others, serves on for a second, closes the server and every timer. Ends within 5 s. For
   * SIGTERM there is `closeOnSigterm`, which takes the longer times of the option `drain`.
   */
  close(): Promise<void>;
}

/** Where nothing is known but a port, the app may still be on its way to listen. */
const LISTEN_PATIENCE_MS = 1_000;

const members = new WeakSet<object>();

/** Whether `expressMicro()` was called with it. */
export function isMember(app: object): boolean {
  return members.has(app);
}

/**
 * Makes an Express app a member of the mesh: it finds its peers and is found by them, its routes can be called by name,
 * and it calls theirs. Call it once an app, on the outermost app, before or after the routes are declared and before or
 * after `listen`.
 *
 * @throws MESH_OPTION_INVALID names the option, what it got and what it takes
 * @throws MESH_KEY_INVALID, MESH_KEY_FILE_REFUSED when there is no secret to be used
 */
export function expressMicro(app: ExpressApp, options?: ExpressMicroOptions): Micro {
  if (!isExpressApp(app))
    throw meshError('MESH_OPTION_INVALID', 'expressMicro() takes an Express app first: expressMicro(express(), { … }).');
  if (members.has(app))
    throw meshError(
      'MESH_OPTION_INVALID',
      'expressMicro() was called twice with the same app. Keep what the first call returned.',
    );
  const resolved = resolveMeshOptions('expressMicro()', options);
  const stage = currentStage();
  if (stage !== undefined) {
    members.add(app);
    return stage(app, resolved, options?.serviceName);
  }
  const routes = createRouteReader(app);
  const mesh = createMesh<Services>(resolved, { routes: () => routes.read() });
  members.add(app);
  giveLifetime(app, mesh.lifetime, systemClock);

  /** The servers of this app, each with how to give it back what is its own. */
  const servers = new Map<Server, () => void>();
  let announced: Server | undefined;
  let isClosed = false;
  let closing: Promise<void> | undefined;
  const clock = systemClock;

  // Learn where we can be reached: from the server as soon as it listens, else from what we were told.
  const joinBy = (server: Server): void => {
    const address = addressOf(server);
    if (closing !== undefined || address === undefined) return;
    if (!servers.has(server)) {
      const undo = giveExpressPrototypes(server, app);
      const withdraw = mesh.serve(server, () => prototypesFor(server, app));
      servers.set(server, () => {
        withdraw();
        undo();
      });
      keepConnections(server);
      server.once('close', () => leaveBy(server));
    }
    // One address is enough, and the first stays while it listens: a server that a test starts for one request is not ours.
    if (announced?.listening) return;
    announced = server;
    mesh.join({ ...address, port: resolved.port ?? address.port });
  };
  // Without a server nobody can reach us; as soon as there is one again we are back.
  const leaveBy = (server: Server): void => {
    servers.get(server)?.();
    servers.delete(server);
    if (announced !== server || closing !== undefined) return;
    announced = undefined;
    const [next] = servers.keys();
    if (next === undefined) void mesh.pause();
    else joinBy(next);
  };
  const stopWatching = watchServers(app, joinBy);
  const portTimer = clock.after(LISTEN_PATIENCE_MS, () => {
    const port = resolved.port ?? portSetting(app);
    if (mesh.url === undefined && port !== undefined) mesh.join({ protocol: 'http', host: undefined, port });
  });
  const warningTimer = clock.after(PORT_PATIENCE_MS, () => {
    if (mesh.url === undefined) resolved.log.warn(PORT_ADVICE);
  });

  standInFront(app, {
    front: mesh.front,
    log: resolved.log,
    isClosed: () => isClosed,
    onRequest: (req) => {
      const server = mesh.url === undefined ? serverOf(req) : undefined;
      if (server !== undefined) joinBy(server);
    },
  });

  const leave = async (times: Drain): Promise<void> => {
    stopWatching();
    portTimer.stop();
    warningTimer.stop();
    process.off('SIGTERM', onSigterm);
    await mesh.close(times, async (limitMs) => {
      await Promise.all([...servers.keys()].map((server) => stopServer(server, clock, limitMs)));
    });
    for (const undo of servers.values()) undo();
    withdraw();
    isClosed = true;
    // Not before: until all has ended, a signal that says "read again" is not to end the process.
    stopReloading();
    members.delete(app);
  };
  const close = (times: Drain): Promise<void> => {
    closing ??= leave(times);
    return closing;
  };
  const onSigterm = (): void => void close(drainOnSigterm(resolved.drain));
  if (resolved.closeOnSigterm) process.once('SIGTERM', onSigterm);
  const { observeCalls, spare, isReady, instances, front } = mesh;
  const withdraw = offerPart(app, 'mesh', {
    serviceName: resolved.serviceName,
    counters: () => ({ ...mesh.counters() }),
    instances,
    isReady,
    front,
    on: (event, listener) => mesh.on(event as keyof MeshEvents, (...args: readonly unknown[]) => void listener(...args)),
    observeCalls,
    spare,
    leave: () => close(drainOnSigterm(resolved.drain)),
  });
  const stopReloading = resolved.reloadOnSighup ? reloadOnSighup(process, clock, mesh.reload) : () => {};

  return {
    get services() {
      // Whoever holds it makes calls, and those go on with the context of the request that is served.
      keepContext();
      return mesh.services;
    },
    ready: mesh.ready,
    internal(...misplaced: unknown[]) {
      refuseMisplaced('internal', misplaced);
      return mesh.internal;
    },
    idempotent(options, ...misplaced: unknown[]) {
      refuseMisplaced('idempotent', misplaced);
      // It waits for its store, and what comes after that belongs to the request all the same.
      keepContext();
      return mesh.idempotent(options);
    },
    caller: mesh.caller,
    routes: mesh.routes,
    instances: mesh.instances,
    counters: mesh.counters,
    on: mesh.on,
    rotate: mesh.rotate,
    reload: mesh.reload,
    certificates: mesh.certificates,
    attach(server) {
      if (typeof server?.once !== 'function')
        throw meshError('MESH_OPTION_INVALID', 'attach() takes a server: http.createServer(…).');
      if (server.listening) joinBy(server);
      else server.once('listening', () => joinBy(server));
    },
    isReady: mesh.isReady,
    readiness(...misplaced: unknown[]) {
      refuseMisplaced('readiness', misplaced);
      return mesh.readiness;
    },
    close: () => close(DRAIN_ON_CLOSE),
  };
}

/** `app.get(path, micro.internal)` would hand it a request, and leave that without an answer. */
export function refuseMisplaced(name: string, misplaced: readonly unknown[]): void {
  if (misplaced.length === 0) return;
  const usage = `app.get(path, micro.${name}()${name === 'readiness' ? '' : ', handler'})`;
  throw meshError('MESH_OPTION_INVALID', `${name}() makes a middleware and is none itself: ${usage}.`);
}

function portSetting(app: HandlingApp): number | undefined {
  const port = Number(app.get('port'));
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}
