import type { Server } from 'node:net';
import { keepContext } from '@express-micro/core';
import type { AppInMesh } from './app-in-mesh.ts';
import type { ServicesOf } from './call/services.ts';
import type { Counters } from './counters.ts';
import type { InstanceInfo } from './directory/directory.ts';
import type { Mesh } from './mesh-api.ts';
import type { MeshEvents, MeshListener } from './mesh-events.ts';
import type { ReadyOptions } from './ready.ts';
import type { ServerCertificates } from './renewal.ts';
import type { NamedRoute } from './routes/naming.ts';
import { DRAIN_ON_CLOSE } from './serve/drain.ts';

/** What an app can do as a member of the mesh, whatever framework it is made with. */
export interface MicroOf<S> {
  /** The other services, their routes as functions: `await services.orderService.getOrders({ userId: 123 })`. */
  readonly services: ServicesOf<S>;
  /**
   * Resolves when the services named (or else all `peers` given) are known and can be called.
   * @throws MESH_NOT_READY after `timeoutMs` (default 30000); MESH_PORT_UNKNOWN; MESH_CLOSED; MESH_OPTION_INVALID
   */
  ready(options?: ReadyOptions): Promise<void>;
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
  /** What of `tls` is in force now, for `https.createServer({ ...micro.certificates(), requestCert: true }, app)`. It holds the key. */
  certificates(): ServerCertificates;
  /** False from the moment in which this app begins to leave. */
  isReady(): boolean;
  /**
   * Leaves the mesh: tells the others, serves on for a second, closes the server and every timer. Ends within 5 s. For
   * SIGTERM there is `closeOnSigterm`, which takes the longer times of the option `drain`.
   */
  close(): Promise<void>;
}

export function createMicro<S>(mesh: Mesh<S>, app: AppInMesh): MicroOf<S> {
  return {
    get services() {
      // Whoever holds it makes calls, and those go on with the context of the request that is served.
      keepContext();
      return mesh.services;
    },
    ready: mesh.ready,
    routes: mesh.routes,
    instances: mesh.instances,
    counters: mesh.counters,
    on: mesh.on,
    attach: app.attach,
    rotate: mesh.rotate,
    reload: mesh.reload,
    certificates: mesh.certificates,
    isReady: mesh.isReady,
    close: () => app.close(DRAIN_ON_CLOSE),
  };
}
