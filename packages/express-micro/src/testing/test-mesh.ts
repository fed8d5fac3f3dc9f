import { integerOption, isExpressApp, keepContext, resolveOptions, show } from '@express-micro/core';
import { meshError, type ResolvedOptions, resolveMeshOptions, type ServicesOf } from '@express-micro/mesh';
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
} from '@express-micro/mesh/testing';
// By its name, as users have it: what they declare of their services in 'express-micro' is declared here too.
import type { ExpressApp, ExpressMicroOptions, Micro, Services } from 'express-micro';
import { isMember } from '../express-micro.ts';
import { openStage } from '../stage.ts';
import { outsideRequest } from './outside.ts';
import { beginPart, crashPart, endPart, joinPart, type Part, type Role, servicesOf } from './part.ts';
import { createStandIn, type StandIn } from './stand-in.ts';

export interface TestMeshOptions {
  /** Decides what chance decides: which requests a fault strikes, how late answers are, which instance is picked. @default 1 */
  readonly seed?: number | undefined;
}

/** One instance of a service in a test mesh. */
export interface TestInstance extends Endpoint {
  /** The other services, as this one calls them. */
  readonly services: ServicesOf<Services>;
  /** A request from outside, by nobody that the mesh knows, as `fetch` makes it: `fetch('/orders', { method: 'POST', … })`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface TestService extends TestInstance {
  readonly micro: Micro;
}

export interface TestStub extends TestInstance {
  /** What has come, in its order. */
  readonly requests: readonly StubRequest[];
}

/** Services in one process that call each other through everything that they call each other through elsewhere, but the network. */
export interface TestMesh {
  /**
   * One more instance of a service: an Express app, whether it has called `expressMicro()` itself (then `options` are there) or
   * not. An app plays in one mesh at a time, as one instance.
   * @throws MESH_OPTION_INVALID, MESH_CLOSED
   */
  service(name: string, app: ExpressApp, options?: ExpressMicroOptions): TestService;
  /** A service of a few lines, for one that is not at hand. @throws MESH_OPTION_INVALID, MESH_CLOSED */
  stub(name: string, routes?: StubRoutes): TestStub;
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

const standIns = new WeakMap<object, StandIn>();
// Whoever imports this tests: apps that call `expressMicro()` from now on wait for the mesh of a test.
openStage((app, options, ownName) => {
  const standIn = createStandIn(app, options, ownName);
  standIns.set(app, standIn);
  return standIn.micro;
});

const OPTIONS = { seed: integerOption('a whole number', { min: 0, max: 2 ** 31 - 1 }, () => 1) };
const READY_LIMIT_MS = 30_000;

/**
 * An in-memory mesh for fast tests of an app that calls others, with faults on demand. Deadlines, retries, balancing, ejection,
 * bulkheads, admission and errors are the real ones; there is no port, no key, no timer, and time costs nothing.
 *
 * ```ts
 * const mesh = createTestMesh();
 * const orders = mesh.service('order-service', app);
 * mesh.stub('payment-service', { 'POST /payments': ({ body }) => ({ id: `p-${body.amount}` }) });
 * await mesh.ready();
 * mesh.faults.down('payment-service');
 * assert.equal((await orders.fetch('/orders/1')).status, 503);
 * await mesh.close();
 * ```
 *
 * Import `express-micro/testing` before the modules of your apps. Not for what the network itself does (TLS, proxies,
 * connections): start the app for that.
 *
 * @throws MESH_OPTION_INVALID
 */
export function createTestMesh(options?: TestMeshOptions): TestMesh {
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

  const instanceOf = (actor: Actor): Omit<TestInstance, 'services'> => ({
    name: actor.place.name,
    service: actor.place.service,
    fetch: (path, init) => outsideRequest(network, actor.place, path, init),
  });

  return {
    service(name, app, given) {
      refuseClosed('service()');
      const standIn = standInFor(name, app, given);
      const actor = enter(network.place(name), standIn.role, standIn.play, standIn.rest);
      return Object.freeze({ ...instanceOf(actor), services: standIn.micro.services, micro: standIn.micro });
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
      return Object.freeze({ ...instanceOf(actor), services: servicesOf(() => actor.part), requests });
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

/** @throws MESH_OPTION_INVALID */
function optionsOf(owner: string, name: string, given: ExpressMicroOptions = {}): ResolvedOptions {
  if (typeof name !== 'string')
    throw meshError('MESH_OPTION_INVALID', `${owner} takes the name of a service first; it got ${show(name)}.`);
  return resolveMeshOptions(owner, { ...given, serviceName: name });
}

function standInFor(name: string, app: ExpressApp, given: ExpressMicroOptions | undefined): StandIn {
  const options = optionsOf('service()', name, given);
  if (!isExpressApp(app))
    throw meshError('MESH_OPTION_INVALID', `service("${name}", app) takes an Express app: what express() gives.`);
  let standIn = standIns.get(app);
  if (standIn === undefined) {
    if (isMember(app)) {
      const advice = 'Import it before the module that makes the app.';
      throw meshError(
        'MESH_OPTION_INVALID',
        `The app of "${name}" called expressMicro() before express-micro/testing was loaded. ${advice}`,
      );
    }
    standIn = createStandIn(app, options, undefined);
    standIns.set(app, standIn);
  } else if (given !== undefined) {
    const advice = isMember(app) ? 'Its own call of expressMicro() says them.' : 'They were given when it was first used.';
    throw meshError('MESH_OPTION_INVALID', `service("${name}", app, options) got options for an app that has some. ${advice}`);
  }
  const { ownName, part } = standIn;
  if (ownName !== undefined && ownName !== name)
    throw meshError(
      'MESH_OPTION_INVALID',
      `service("${name}", app) got an app that calls itself "${ownName}". Give it that name.`,
    );
  if (part !== undefined)
    throw meshError(
      'MESH_OPTION_INVALID',
      `service("${name}", app) got an app that plays ${part.place.name} already. Close that mesh first, or make an app for each instance.`,
    );
  return standIn;
}
