import { integerOption, keepContext, resolveOptions } from '@express-micro/core';
import type { ServicesOf } from './call/services.ts';
import { meshError } from './errors.ts';
import type { MeshOptions } from './options.ts';
import { kindOf, optionsOf, refuseMiscast, type StagedApp, stagedOf } from './test-kinds.ts';
import { outsideRequest } from './test-outside.ts';
import { beginPart, crashPart, endPart, joinPart, type Part, type Role, servicesOf } from './test-part.ts';
import {
  createFaults,
  createStub,
  type Endpoint,
  type Faults,
  MemoryNetwork,
  type Place,
  type StubRequest,
  type StubRoutes,
  type TestClock,
} from './testing/index.ts';

export { type AppKind, admitKind, keepStaged, type StagedApp } from './test-kinds.ts';
export { createStandIn, type StandIn } from './test-stand-in.ts';

export interface TestMeshOptions {
  /** Decides what chance decides: which requests a fault strikes, how late answers are, which instance is picked. @default 1 */
  readonly seed?: number | undefined;
}

/** One instance of a service in a test mesh. */
export interface TestInstance<S> extends Endpoint {
  /** The other services, as this one calls them. */
  readonly services: ServicesOf<S>;
  /** A request from outside, by nobody that the mesh knows, as `fetch` makes it: `fetch('/orders', { method: 'POST', … })`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface TestStub<S> extends TestInstance<S> {
  /** What has come, in its order. */
  readonly requests: readonly StubRequest[];
}

/** Services in one process that call each other through everything that they call each other through elsewhere, but the network. */
export interface TestMesh<S> {
  /** A service of a few lines, for one that is not at hand. @throws MESH_OPTION_INVALID, MESH_CLOSED */
  stub(name: string, routes?: StubRoutes): TestStub<S>;
  /** Resolves when all know each other. @throws MESH_NOT_READY, MESH_CLOSED */
  ready(): Promise<void>;
  readonly faults: Faults;
  readonly clock: TestClock;
  /** What happened, a line each: requests with what came of them, and faults. The same seed gives the same lines. */
  readonly history: readonly string[];
  /** Ends all of it. The apps may play in another mesh then. */
  close(): Promise<void>;
}

/** An instance, and how to have it begin anew. */
interface Actor {
  readonly place: Place;
  readonly begin: () => Part;
  readonly rest: () => void;
  part: Part;
  isCrashed: boolean;
}

/** What front doors make their own of: they know their apps, and what those are given. */
export interface AnyTestMesh<S> extends TestMesh<S> {
  /** A promise for apps that are not all there at once. @throws MESH_OPTION_INVALID, MESH_CLOSED */
  service(name: string, app: unknown, options?: MeshOptions): unknown;
}

const OPTIONS = { seed: integerOption('a whole number', { min: 0, max: 2 ** 31 - 1 }, () => 1) };
const READY_LIMIT_MS = 30_000;

/**
 * An in-memory mesh for fast tests of an app that calls others, with faults on demand. Deadlines, retries, balancing, ejection,
 * bulkheads, admission and errors are the real ones; there is no port, no key, no timer, and time costs nothing.
 *
 * @throws MESH_OPTION_INVALID
 */
export function createAnyTestMesh<S>(options?: TestMeshOptions): AnyTestMesh<S> {
  const { seed } = resolveOptions('createTestMesh()', OPTIONS, options, (message, details) =>
    meshError('MESH_OPTION_INVALID', message, { details }),
  );
  // Calls that are made for a request end with it, from the first one on.
  keepContext();
  const network = new MemoryNetwork(seed);
  const actors: Actor[] = [];
  let closing: Promise<void> | undefined;

  function refuseClosed(what: string): void {
    if (closing !== undefined) throw meshError('MESH_CLOSED', `${what} came after close() of this test mesh. Make another one.`);
  }

  function enter(place: Place, role: Role, play: (part: Part) => void = () => {}, rest: () => void = () => {}): Actor {
    const begin = (): Part => {
      const part = beginPart(network, place, role);
      play(part);
      joinPart(part);
      return part;
    };
    const actor: Actor = { place, begin, rest, part: begin(), isCrashed: false };
    actors.push(actor);
    return actor;
  }

  function crash(actor: Actor): void {
    if (actor.isCrashed) return;
    actor.isCrashed = true;
    crashPart(actor.part);
  }

  const actorsAt = (place: Place): Actor[] => actors.filter((actor) => actor.place === place);
  const faults = createFaults(network, {
    crash: (place) => actorsAt(place).forEach(crash),
    async restart(place) {
      refuseClosed('restart()');
      for (const actor of actorsAt(place)) {
        crash(actor);
        actor.part = actor.begin();
        actor.isCrashed = false;
      }
      await ready();
    },
  });

  /** Who does not see whom; nothing when all see all. */
  function unseen(): string[] {
    // An app may have left by its own close().
    const present = actors.filter(({ isCrashed, part }) => !isCrashed && part.mesh.url !== undefined);
    return present.flatMap((actor) => {
      const urls = new Set(actor.part.mesh.instances().flatMap(({ status, url }) => (status === 'UP' ? [url] : [])));
      return present
        .filter((other) => other !== actor && !urls.has(other.place.url))
        .map((other) => `${actor.place.name} does not see ${other.place.name}`);
    });
  }

  async function ready(): Promise<void> {
    const endsAtMs = network.pace.nowMs + READY_LIMIT_MS;
    await network.pace.whileWaiting(async () => {
      for (let missing = unseen(); missing.length > 0; missing = unseen()) {
        refuseClosed('ready()');
        if (network.pace.nowMs > endsAtMs)
          throw meshError('MESH_NOT_READY', `Not ready after ${READY_LIMIT_MS} ms: ${missing.join(', ')}.`);
        await network.pace.turn();
      }
    });
  }

  const instanceOf = (actor: Actor): Omit<TestInstance<S>, 'services'> => ({
    name: actor.place.name,
    service: actor.place.service,
    fetch: (path, init) => outsideRequest(network, actor.place, path, init),
  });

  function enterApp(name: string, { standIn, role, micro }: StagedApp) {
    refuseClosed('service()');
    refuseMiscast(name, standIn);
    const actor = enter(network.place(name), role, standIn.play, standIn.rest);
    return Object.freeze({ ...instanceOf(actor), services: standIn.services, micro });
  }

  return {
    service(name, app, given) {
      refuseClosed('service()');
      optionsOf('service()', name, given);
      const kind = kindOf(name, app);
      const { loaded, begun } = kind;
      const staged = () => stagedOf(kind, name, app as object, given);
      if (loaded === undefined) return enterApp(name, staged() as StagedApp);
      return loaded(app as object).then(async () => {
        const one = await staged();
        await begun?.(app as object);
        return enterApp(name, one);
      });
    },

    stub(name, routes = {}) {
      refuseClosed('stub()');
      const options = optionsOf('stub()', name, { log: false });
      const { descriptors, handle, requests } = createStub(routes);
      const actor = enter(network.place(name), {
        options,
        routes: () => descriptors,
        handle: (mesh, req, res) => mesh.front(req, res, () => handle(req, res, mesh.caller(req))),
      });
      return Object.freeze({ ...instanceOf(actor), services: servicesOf(() => actor.part) as ServicesOf<S>, requests });
    },

    async ready() {
      refuseClosed('ready()');
      await ready();
    },

    faults,
    clock: network.pace,
    history: network.history,

    close() {
      closing ??= end();
      return closing;
    },
  };

  async function end(): Promise<void> {
    network.end();
    await Promise.all(actors.map(({ part }) => endPart(part)));
    for (const { rest } of actors) rest();
  }
}
