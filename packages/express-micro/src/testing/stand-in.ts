import type { HandlingApp } from '@express-micro/core';
import { type Clock, systemClock } from '@express-micro/core';
import {
  type IdempotencyOptions,
  type Mesh,
  type MeshEvents,
  type MeshListener,
  type Middleware,
  meshError,
  type ResolvedOptions,
} from '@express-micro/mesh';
import { type Micro, refuseMisplaced, type Services } from '../express-micro.ts';
import { giveLifetime } from '../express-request.ts';
import { createRouteReader } from '../express-routes.ts';
import { standInFront } from '../front.ts';
import { endPart, type Part, type Role, servicesOf } from './part.ts';

/** An app that belongs to no process: a test mesh gives it a part, and takes it away again. */
export interface StandIn {
  readonly micro: Micro;
  readonly role: Role;
  /** As its own call of `expressMicro()` says; `undefined` where it says nothing, or never called. */
  readonly ownName: string | undefined;
  readonly part: Part | undefined;
  /** @throws MESH_OPTION_INVALID */
  play(part: Part): void;
  rest(): void;
}

type AppMesh = Mesh<Services>;

/**
 * Gives an app what `expressMicro()` gives it, over whatever part it plays at the moment. The app keeps `services` and the
 * middleware from the moment of import on; each part has a state of its own.
 */
export function createStandIn(app: HandlingApp, options: ResolvedOptions, ownName: string | undefined): StandIn {
  const routes = createRouteReader(app);
  let part: Part | undefined;
  const guards = new Map<Middleware, IdempotencyOptions | undefined>();
  let guardsNow = new Map<Middleware, Middleware>();
  const listeners = new Map<(mesh: AppMesh) => () => void, (() => void) | undefined>();

  function playing(): Part {
    if (part !== undefined) return part;
    const advice = `Give it to one: createTestMesh().service(${JSON.stringify(ownName ?? 'its-name')}, app). A process that has loaded express-micro/testing joins no other.`;
    throw meshError('MESH_CLOSED', `This app plays in no test mesh at the moment. ${advice}`);
  }

  const clockNow = (): Clock => part?.place.clock ?? systemClock;
  const clock: Clock = {
    monotonicMs: () => clockNow().monotonicMs(),
    epochMs: () => clockNow().epochMs(),
    after: (...args) => clockNow().after(...args),
    every: (...args) => clockNow().every(...args),
  };
  giveLifetime(app, (req) => part?.mesh.lifetime(req), clock);
  standInFront(app, {
    front: (req, res, next) => playing().mesh.front(req, res, next),
    log: options.log,
    isClosed: () => part === undefined,
    onRequest: () => {},
  });

  const micro: Micro = {
    services: servicesOf(playing),
    async ready(given) {
      const { network, mesh } = playing();
      await network.call(() => mesh.ready(given));
    },
    internal(...misplaced: unknown[]) {
      refuseMisplaced('internal', misplaced);
      return (req, res, next) => playing().mesh.internal(req, res, next);
    },
    idempotent(given, ...misplaced: unknown[]) {
      refuseMisplaced('idempotent', misplaced);
      const guard: Middleware = (req, res, next) => (guardsNow.get(guard) ?? pass)(req, res, next);
      guards.set(guard, given);
      if (part !== undefined) guardsNow.set(guard, part.mesh.idempotent(given));
      return guard;
    },
    caller: (req) => part?.mesh.caller(req),
    routes: () => playing().mesh.routes(),
    instances: (service) => playing().mesh.instances(service),
    counters: () => playing().mesh.counters(),
    on<E extends keyof MeshEvents>(event: E, listener: MeshListener<E>) {
      const listen = (mesh: AppMesh): (() => void) => mesh.on(event, listener);
      listeners.set(listen, part === undefined ? undefined : listen(part.mesh));
      return () => {
        listeners.get(listen)?.();
        listeners.delete(listen);
      };
    },
    attach: () => {},
    rotate: (keys) => playing().mesh.rotate(keys),
    reload: () => playing().mesh.reload(),
    certificates: () => playing().mesh.certificates(),
    isReady: () => part?.mesh.isReady() ?? false,
    readiness(...misplaced: unknown[]) {
      refuseMisplaced('readiness', misplaced);
      return (req, res, next) => playing().mesh.readiness(req, res, next);
    },
    async close() {
      if (part !== undefined) await endPart(part);
    },
  };

  return {
    micro,
    ownName,
    get part() {
      return part;
    },
    role: { options, routes: () => routes.read(), handle: (_mesh, req, res) => void app(req, res) },
    play(given) {
      guardsNow = new Map([...guards].map(([guard, idempotency]) => [guard, given.mesh.idempotent(idempotency)]));
      for (const listen of listeners.keys()) listeners.set(listen, listen(given.mesh));
      part = given;
    },
    rest() {
      part = undefined;
      guardsNow = new Map();
    },
  };
}

const pass: Middleware = (_req, _res, next) => next();
