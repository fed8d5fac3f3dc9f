import { keepContext, partOf, systemClock, systemRandom } from '@express-micro/core';
import {
  type AppInMesh,
  createMesh,
  createMicro,
  enterMesh,
  type MeshOptions,
  meshError,
  resolveMeshOptions,
} from '@express-micro/mesh';
import { createClosing } from './closing.ts';
import { equip } from './equip.ts';
import type { FastifyInstance } from './fastify.ts';
import { prototypesOfNode } from './fastify-link.ts';
import { createRouteReader } from './fastify-routes.ts';
import { createFront, type Front } from './front.ts';
import { microFor, type Services } from './micro.ts';
import { currentStage } from './stage.ts';

export type FastifyMicroOptions = MeshOptions;

const members = new WeakSet<object>();

/**
 * Makes a Fastify app a member of the mesh: it finds its peers and is found by them, its routes can be called by name, and it
 * calls theirs by `app.micro.services`.
 *
 * ```ts
 * await app.register(fastifyMicro, { serviceName: 'orders', peers: ['http://users:3000'] });
 * ```
 *
 * Register it once an app, before your own hooks, before or after the routes. In whatever context it is registered, it is for
 * the whole app: a service is a process, not a part of one.
 *
 * @throws MESH_OPTION_INVALID names the option, what it got and what it takes
 * @throws MESH_KEY_INVALID, MESH_KEY_FILE_REFUSED when there is no secret to be used
 */
export async function fastifyMicro(instance: FastifyInstance, options?: FastifyMicroOptions): Promise<void> {
  const app = outermost(instance);
  refuseUnfit(app);
  const resolved = resolveMeshOptions('fastifyMicro()', options);
  // Fastify itself says where it is too late for all of this, before there is anything to be undone.
  app.after(() => {});
  let end: () => unknown = () => {};
  // Where it ends by itself, because something else could not be loaded, nothing of us stays.
  app.addHook('onClose', () => end());
  const stage = currentStage();
  if (stage !== undefined) {
    members.add(app);
    end = stage(app, resolved, options?.serviceName).close;
    return;
  }
  const routes = createRouteReader(app);
  const mesh = createMesh<Services>(resolved, { routes });
  members.add(app);
  // `app.micro.services` is first asked for in the midst of a request, where it would be too late for that one.
  keepContext();

  const { log } = resolved;
  const front: Front = createFront(app.routing as never, mesh, () => inMesh, log);
  const closing = createClosing(app, log);
  const giveBack = front.standBefore(app.server);
  const inMesh: AppInMesh = enterMesh(mesh, resolved, {
    app,
    listener: app.routing,
    port: () => undefined,
    adopt: (server) => ({ prototypes: prototypesOfNode, giveBack: front.standBefore(server) }),
    stop: closing.stop,
    onLeft() {
      giveBack();
      members.delete(app);
    },
  });
  end = () => inMesh.close(AT_ONCE);
  // A server that hides the app behind a function cannot be found by its listeners.
  inMesh.attach(app.server);
  closing.leaveFirst(inMesh);
  const micro = microFor(createMicro(mesh, inMesh), mesh);
  equip(app, { mesh, front, micro, clock: systemClock, random: systemRandom, log });
}

/** Whether `fastifyMicro` was registered with it. */
export function isMember(app: object): boolean {
  return members.has(app);
}

/** Nobody is served any more, so nobody is waited for. */
const AT_ONCE = Object.freeze({ serveOnMs: 0, inFlightMs: 0, limitMs: 1_000, isForStrangersToo: false });

// As fastify-plugin says it: what is decorated here is seen by the whole app, and Fastify itself checks its version.
Object.assign(fastifyMicro, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@express-micro/fastify',
  [Symbol.for('plugin-meta')]: { fastify: '5.x', name: '@express-micro/fastify' },
});

/** Contexts inherit from the app in which they were opened; the app itself has what it was made with. @throws MESH_OPTION_INVALID */
export function outermost(instance: FastifyInstance): FastifyInstance {
  let app: FastifyInstance | null = instance;
  while (app !== null && app !== undefined && !Object.hasOwn(app, 'routing')) app = Object.getPrototypeOf(app);
  if (app === null || app === undefined)
    throw meshError('MESH_OPTION_INVALID', 'fastifyMicro is a plugin: await app.register(fastifyMicro, { … }).');
  return app;
}

function refuseUnfit(app: FastifyInstance): void {
  // Also by another copy of this package.
  if (members.has(app) || partOf(app, 'mesh') !== undefined)
    throw meshError(
      'MESH_OPTION_INVALID',
      'fastifyMicro was registered twice on the same app. Register it once: app.micro has it all.',
    );
  if (app.hasDecorator('micro'))
    throw meshError(
      'MESH_OPTION_INVALID',
      'fastifyMicro was registered on an app with a decorator "micro" of its own, which is the name of what it gives. Give yours another.',
    );
  if ((app.initialConfig as { http2?: boolean }).http2 === true || app.server.constructor.name.startsWith('Http2'))
    throw meshError(
      'MESH_OPTION_INVALID',
      'fastifyMicro was registered on an app that speaks HTTP/2. The services of a mesh call each other by HTTP/1.1: leave out "http2", and let a proxy speak it to browsers.',
    );
}
