import type { IncomingMessage } from 'node:http';
import { type Caller, type Clock, type Context, type Lifetime, systemClock } from '@express-micro/core';
import type { ServicesOf } from './call/services.ts';
import { meshError } from './errors.ts';
import type { IdempotencyOptions } from './idempotency/options.ts';
import type { Mesh } from './mesh-api.ts';
import type { MeshEvents, MeshListener } from './mesh-events.ts';
import type { MicroOf } from './micro.ts';
import type { Middleware } from './serve/admission.ts';
import { endPart, type Part, servicesOf } from './test-part.ts';

/** What stands where a mesh stands elsewhere: a test mesh gives it a part, and takes it away again. */
export interface StandIn<S = Record<never, never>> {
  /** As the app's own words say; `undefined` where they say nothing, or there are none. */
  readonly ownName: string | undefined;
  readonly part: Part | undefined;
  /** What every front door gives its apps, over whatever part is played at the moment. */
  readonly micro: MicroOf<S>;
  readonly services: ServicesOf<S>;
  /** That of the part, or the world's. */
  readonly clock: Clock;
  /** @throws MESH_CLOSED where no part is played */
  readonly front: Middleware;
  readonly internal: Middleware;
  readonly readiness: Middleware;
  /** @throws MESH_OPTION_INVALID */
  idempotent(options?: IdempotencyOptions): Middleware;
  isReady(): boolean;
  caller(req: IncomingMessage): Caller | undefined;
  context(req: IncomingMessage): Context | undefined;
  lifetime(req: IncomingMessage): Lifetime | undefined;
  /** @throws MESH_OPTION_INVALID */
  play(part: Part): void;
  rest(): void;
}

/**
 * For an app that belongs to no process. It keeps `services` and the middleware from the moment of import on; each part has a
 * state of its own.
 */
export function createStandIn<S>(ownName: string | undefined): StandIn<S> {
  let part: Part | undefined;
  const guards = new Map<Middleware, IdempotencyOptions | undefined>();
  let guardsNow = new Map<Middleware, Middleware>();
  const listeners = new Map<(mesh: Mesh) => () => void, (() => void) | undefined>();

  function playing(): Part {
    if (part !== undefined) return part;
    const advice = `Give it to one: createTestMesh().service(${JSON.stringify(ownName ?? 'its-name')}, app). A process that has loaded the entry for tests joins no other.`;
    throw meshError('MESH_CLOSED', `This app plays in no test mesh at the moment. ${advice}`);
  }

  const clockNow = (): Clock => part?.place.clock ?? systemClock;
  const clock: Clock = {
    monotonicMs: () => clockNow().monotonicMs(),
    epochMs: () => clockNow().epochMs(),
    after: (...args) => clockNow().after(...args),
    every: (...args) => clockNow().every(...args),
  };
  const services = servicesOf(playing) as ServicesOf<S>;
  const isReady = () => part?.mesh.isReady() ?? false;

  return {
    ownName,
    get part() {
      return part;
    },
    services,
    clock,
    micro: {
      services,
      async ready(given) {
        const { network, mesh } = playing();
        await network.call(() => mesh.ready(given));
      },
      routes: () => playing().mesh.routes(),
      instances: (service) => playing().mesh.instances(service),
      counters: () => playing().mesh.counters(),
      on<E extends keyof MeshEvents>(event: E, listener: MeshListener<E>) {
        const listen = (mesh: Mesh): (() => void) => mesh.on(event, listener);
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
      isReady,
      async close() {
        if (part !== undefined) await endPart(part);
      },
    },
    front: (req, res, next) => playing().mesh.front(req, res, next),
    internal: (req, res, next) => playing().mesh.internal(req, res, next),
    readiness: (req, res, next) => playing().mesh.readiness(req, res, next),
    idempotent(given) {
      const guard: Middleware = (req, res, next) => (guardsNow.get(guard) ?? pass)(req, res, next);
      guards.set(guard, given);
      if (part !== undefined) guardsNow.set(guard, part.mesh.idempotent(given));
      return guard;
    },
    isReady,
    caller: (req) => part?.mesh.caller(req),
    context: (req) => part?.mesh.context(req),
    lifetime: (req) => part?.mesh.lifetime(req),
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
