import type { IncomingMessage } from 'node:http';
import {
  type Caller,
  type ExpressApp,
  giveExpressPrototypes,
  type HandlingApp,
  isExpressApp,
  keepContext,
  stopServer,
  systemClock,
} from '@express-micro/core';
import {
  createMesh,
  createMicro,
  enterMesh,
  type IdempotencyOptions,
  type MeshOptions,
  type MicroOf,
  type Middleware,
  meshError,
  resolveMeshOptions,
} from '@express-micro/mesh';
import { prototypesFor } from './express-link.ts';
import { giveLifetime } from './express-request.ts';
import { createRouteReader } from './express-routes.ts';
import { standInFront } from './front.ts';
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
export interface Micro extends MicroOf<Services> {
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
  /** Answers a load balancer the same as `isReady()`, with 200 or 503: `app.get('/health/ready', micro.readiness())`. */
  readiness(): Middleware;
}

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

  const inMesh = enterMesh(mesh, resolved, {
    app,
    listener: app,
    port: () => portSetting(app),
    adopt: (server) => ({ prototypes: () => prototypesFor(server, app), giveBack: giveExpressPrototypes(server, app) }),
    stop: async (servers, limitMs) => {
      await Promise.all(servers.map((server) => stopServer(server, systemClock, limitMs)));
    },
    onLeft: () => members.delete(app),
  });
  standInFront(app, { front: mesh.front, log: resolved.log, isClosed: inMesh.isClosed, onRequest: inMesh.onRequest });

  return Object.assign(createMicro(mesh, inMesh), {
    caller: mesh.caller,
    internal(...misplaced: unknown[]) {
      refuseMisplaced('internal', misplaced);
      return mesh.internal;
    },
    idempotent(given?: IdempotencyOptions, ...misplaced: unknown[]) {
      refuseMisplaced('idempotent', misplaced);
      // It waits for its store, and what comes after that belongs to the request all the same.
      keepContext();
      return mesh.idempotent(given);
    },
    readiness(...misplaced: unknown[]) {
      refuseMisplaced('readiness', misplaced);
      return mesh.readiness;
    },
  });
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
