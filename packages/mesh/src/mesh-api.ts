import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import type { Caller, CallObserver, Clock, Context, Lifetime, Random } from '@express-micro/core';
import type { ServicesOf } from './call/services.ts';
import type { Counters } from './counters.ts';
import type { InstanceInfo } from './directory/directory.ts';
import type { IdempotencyOptions } from './idempotency/options.ts';
import type { Prototypes } from './link/born.ts';
import type { MeshNews } from './mesh-events.ts';
import type { ReadyOptions } from './ready.ts';
import type { ServerCertificates } from './renewal.ts';
import type { RouteDescriptor } from './routes/descriptor.ts';
import type { NamedRoute } from './routes/naming.ts';
import type { Middleware } from './serve/admission.ts';
import type { Drain } from './serve/drain.ts';
import type { Transport } from './transport/transport.ts';

/** Where the app can be reached, as far as its server tells. */
export interface Listening {
  readonly protocol: 'http' | 'https';
  /** The one address that the server is bound to; `undefined` when it listens on all. */
  readonly host: string | undefined;
  readonly port: number;
}

export interface MeshSurroundings {
  /** Reads the app's routes, as they are now. */
  readonly routes: () => readonly RouteDescriptor[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Moves the bytes of what is not sent over links. @default HTTP */
  readonly transport?: Transport;
}

/** One process in the fleet: it is known, it is called, it calls. */
export interface Mesh<S = Record<never, never>> {
  readonly services: ServicesOf<S>;
  /** Stands before everything else of the app. */
  readonly front: Middleware;
  readonly internal: Middleware;
  /** The app can be reached: join. A later address replaces an earlier one. */
  join(listening: Listening): void;
  /**
   * This server serves the app: calls may come to it over links, and from within the process. Answers how to stop that.
   * @param prototypes asked when a link begins: what its requests and responses are to be born with
   */
  serve(server: Server, prototypes: () => Prototypes): () => void;
  /** The app can be reached no more: the others hear it, and `join` brings it back. */
  pause(): Promise<void>;
  readonly url: string | undefined;
  /** Runs requests with an `Idempotency-Key` once. @throws MESH_OPTION_INVALID */
  idempotent(options?: IdempotencyOptions): Middleware;
  caller(req: IncomingMessage): Caller | undefined;
  /** What travels with a request; `undefined` for one that did not come through `front`. */
  context(req: IncomingMessage): Context | undefined;
  /** How long a request is worth working on; `undefined` for one that did not come through `front`. */
  lifetime(req: IncomingMessage): Lifetime | undefined;
  /** False from the moment in which this process begins to leave. */
  isReady(): boolean;
  /** Answers the same to a load balancer. */
  readonly readiness: Middleware;
  routes(): readonly NamedRoute[];
  instances(service?: string): InstanceInfo[];
  ready(options?: ReadyOptions): Promise<void>;
  /** What has happened so far, as numbers that only grow (links: how many are open). */
  counters(): Readonly<Counters>;
  on: MeshNews['on'];
  /** Sees each call from now on. Answers how to stop. */
  observeCalls(observer: CallObserver): () => void;
  /** Never refuses these paths for overload, nor what is below them. */
  spare(paths: readonly string[]): void;
  rotate(keys: string): void;
  /** Reads keys and certificates once more from where they came. What cannot be used is said, and changes nothing. */
  reload(): void;
  certificates(): ServerCertificates;
  /** Leaves. `stopServing` runs when the others know and may take in what is under way; then everything ends. */
  close(times: Drain, stopServing?: (limitMs: number) => Promise<void>): Promise<void>;
}
