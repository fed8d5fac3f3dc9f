import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { offerPart, systemClock, watchServers } from '@express-micro/core';
import { meshError } from './errors.ts';
import type { Prototypes } from './link/born.ts';
import { addressOf, keepConnections, serverOf } from './listening.ts';
import type { Mesh } from './mesh-api.ts';
import type { MeshEvents } from './mesh-events.ts';
import type { ResolvedOptions } from './options.ts';
import { PORT_ADVICE, PORT_PATIENCE_MS } from './ready.ts';
import { reloadOnSighup } from './reload-on-sighup.ts';
import { type Drain, drainOnSigterm } from './serve/drain.ts';

/** A web app, as far as the mesh has to know it: what its framework says of servers, and nothing of requests. */
export interface WebApp {
  /** Where the siblings of the mesh look for it. */
  readonly app: object;
  /** A server with this among its listeners of 'request' serves the app. */
  readonly listener: object;
  /** The port that somebody told the app; asked when it listens nowhere. */
  readonly port: () => number | undefined;
  /** Takes over a server that has begun to serve the app, once. */
  readonly adopt: (server: Server) => Adopted;
  /** Ends the servers: no new connections, those in use are given until `limitMs`. */
  readonly stop: (servers: readonly Server[], limitMs: number) => Promise<void>;
  /** It is a member no more. */
  readonly onLeft: () => void;
}

export interface Adopted {
  /** What requests that come over a link are born with; asked when one begins. */
  readonly prototypes: () => Prototypes;
  readonly giveBack: () => void;
}

/** The life of an app in the mesh: where it is found, and how it leaves. */
export interface AppInMesh {
  /** True when the app is by itself again. */
  isClosed(): boolean;
  /** A request has come straight from a server: the last way to learn of one that hides the app behind a function. */
  onRequest(req: IncomingMessage): void;
  /** @throws MESH_OPTION_INVALID */
  attach(server: Server): void;
  /** Leaves. Calling it again changes nothing. */
  close(times: Drain): Promise<void>;
}

/** Where nothing is known but a port, the app may still be on its way to listen. */
const LISTEN_PATIENCE_MS = 1_000;

/** Joins the mesh as soon as a server is found that serves the app, and offers its siblings what they need of it. */
export function enterMesh<S>(mesh: Mesh<S>, options: ResolvedOptions, webApp: WebApp): AppInMesh {
  const { app, listener, adopt, stop } = webApp;
  const clock = systemClock;
  /** The servers of this app, each with how to give it back what is its own. */
  const servers = new Map<Server, () => void>();
  let announced: Server | undefined;
  let isClosed = false;
  let closing: Promise<void> | undefined;

  // Learn where we can be reached: from the server as soon as it listens, else from what we were told.
  const joinBy = (server: Server): void => {
    const address = addressOf(server);
    if (closing !== undefined || address === undefined) return;
    if (!servers.has(server)) {
      const { prototypes, giveBack } = adopt(server);
      const withdraw = mesh.serve(server, prototypes);
      servers.set(server, () => {
        withdraw();
        giveBack();
      });
      keepConnections(server);
      server.once('close', () => leaveBy(server));
    }
    // One address is enough, and the first stays while it listens: a server that a test starts for one request is not ours.
    if (announced?.listening) return;
    announced = server;
    mesh.join({ ...address, port: options.port ?? address.port });
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
  const stopWatching = watchServers(listener, joinBy);
  const portTimer = clock.after(LISTEN_PATIENCE_MS, () => {
    const port = options.port ?? webApp.port();
    if (mesh.url === undefined && port !== undefined) mesh.join({ protocol: 'http', host: undefined, port });
  });
  const warningTimer = clock.after(PORT_PATIENCE_MS, () => {
    if (mesh.url === undefined) options.log.warn(PORT_ADVICE);
  });

  const leave = async (times: Drain): Promise<void> => {
    stopWatching();
    portTimer.stop();
    warningTimer.stop();
    process.off('SIGTERM', onSigterm);
    await mesh.close(times, (limitMs) => stop([...servers.keys()], limitMs));
    for (const undo of servers.values()) undo();
    withdraw();
    isClosed = true;
    // Not before: until all has ended, a signal that says "read again" is not to end the process.
    stopReloading();
    webApp.onLeft();
  };
  const close = (times: Drain): Promise<void> => {
    closing ??= leave(times);
    return closing;
  };
  const onSigterm = (): void => void close(drainOnSigterm(options.drain));
  if (options.closeOnSigterm) process.once('SIGTERM', onSigterm);
  const { observeCalls, spare, isReady, instances, front } = mesh;
  const withdraw = offerPart(app, 'mesh', {
    serviceName: options.serviceName,
    counters: () => ({ ...mesh.counters() }),
    instances,
    isReady,
    front,
    on: (event, listen) => mesh.on(event as keyof MeshEvents, (...args: readonly unknown[]) => void listen(...args)),
    observeCalls,
    spare,
    leave: () => close(drainOnSigterm(options.drain)),
  });
  const stopReloading = options.reloadOnSighup ? reloadOnSighup(process, clock, mesh.reload) : () => {};

  return {
    isClosed: () => isClosed,
    onRequest(req) {
      const server = mesh.url === undefined ? serverOf(req) : undefined;
      if (server !== undefined) joinBy(server);
    },
    attach(server) {
      if (typeof server?.once !== 'function')
        throw meshError('MESH_OPTION_INVALID', 'attach() takes a server: http.createServer(…).');
      if (server.listening) joinBy(server);
      else server.once('listening', () => joinBy(server));
    },
    close,
  };
}
