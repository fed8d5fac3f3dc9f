import type { ExpressApp } from '@express-micro/core';
// By its name, as users have it: what they declare of their services in '@express-micro/fastify' is declared here too.
import type { FastifyMicroOptions, Micro, Services } from '@express-micro/fastify';
import { meshError } from '@express-micro/mesh';
import {
  admitKind,
  createAnyTestMesh,
  type TestInstance as InstanceOf,
  keepStaged,
  type TestMesh as MeshOf,
  type StagedApp,
  type TestStub as StubOf,
  type TestMeshOptions,
} from '@express-micro/mesh/test-mesh';
import type { FastifyInstance } from '../fastify.ts';
import { isMember, outermost } from '../fastify-micro.ts';
import { openStage } from '../stage.ts';
import { stageApp } from './stand-in.ts';

export type { TestMeshOptions } from '@express-micro/mesh/test-mesh';

/** One instance of a service in a test mesh. */
export interface TestInstance extends InstanceOf<Services> {}

export interface TestService extends TestInstance {
  readonly micro: Micro;
}

export interface TestStub extends StubOf<Services> {}

/** What is needed of a Fastify app: any that its type providers and loggers make has it. */
type FastifyApp = Pick<FastifyInstance, 'server' | 'routing'>;

/** Services in one process that call each other through everything that they call each other through elsewhere, but the network. */
export interface TestMesh extends MeshOf<Services> {
  /**
   * One more instance of a service: a Fastify app, whether it has registered `fastifyMicro` itself (then `options` are there) or
   * not. It is loaded and made ready. An app plays in one mesh at a time, as one instance.
   * @throws MESH_OPTION_INVALID, MESH_CLOSED, and what its own plugins fail with
   */
  service(name: string, app: FastifyApp, options?: FastifyMicroOptions): Promise<TestService>;
  /** An Express app beside them, where `express-micro/testing` is imported, too. */
  service(name: string, app: ExpressApp, options?: FastifyMicroOptions): Promise<TestInstance>;
}

const isFastifyApp = (app: unknown): app is FastifyInstance =>
  typeof (app as Partial<FastifyInstance> | null)?.routing === 'function' &&
  typeof (app as FastifyInstance).register === 'function';

admitKind({
  takes: 'a Fastify app: what Fastify() gives',
  joined: 'registered fastifyMicro',
  entry: '@express-micro/fastify/testing',
  isApp: isFastifyApp,
  isMember,
  loaded: async (app) => void (await (app as FastifyInstance).after()),
  stage: (app, options) => registerOnStage(app as FastifyInstance, options),
  begun: async (app) => void (await (app as FastifyInstance).ready()),
});
// Whoever imports this tests: apps that register `fastifyMicro` from now on wait for the mesh of a test.
openStage((app, options, ownName) => keepStaged(app, stageApp(app, options, ownName)).micro);

/** An app that knows nothing of a mesh is given one as a plugin, while it takes any. */
async function registerOnStage(app: FastifyInstance, options: Parameters<typeof stageApp>[1]): Promise<StagedApp> {
  let staged: StagedApp | undefined;
  const plugin = async () => {
    staged = keepStaged(app, stageApp(app, options, undefined));
  };
  try {
    await app.register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'AVV_ERR_ROOT_PLG_BOOTED') throw error;
    const advice = 'Register fastifyMicro where the app is made, or give the app to service() before it is ready.';
    throw meshError(
      'MESH_OPTION_INVALID',
      `service("${options.serviceName}", app) got an app that takes no plugins any more. ${advice}`,
    );
  }
  return staged as StagedApp;
}

/**
 * An in-memory mesh for fast tests of an app that calls others, with faults on demand. Deadlines, retries, balancing, ejection,
 * bulkheads, admission and errors are the real ones; there is no port, no key, no timer, and time costs nothing.
 *
 * ```ts
 * const mesh = createTestMesh();
 * const orders = await mesh.service('order-service', app);
 * mesh.stub('payment-service', { 'POST /payments': ({ body }) => ({ id: `p-${body.amount}` }) });
 * await mesh.ready();
 * mesh.faults.down('payment-service');
 * assert.equal((await orders.fetch('/orders/1')).status, 503);
 * await mesh.close();
 * ```
 *
 * Import `@express-micro/fastify/testing` before the modules of your apps. Not for what the network itself does (TLS, proxies,
 * connections): start the app for that.
 *
 * @throws MESH_OPTION_INVALID
 */
export function createTestMesh(options?: TestMeshOptions): TestMesh {
  const mesh = createAnyTestMesh<Services>(options);
  const service = async (name: string, app: unknown, given?: FastifyMicroOptions) =>
    mesh.service(name, isFastifyApp(app) ? outermost(app) : app, given);
  return { ...mesh, service: service as TestMesh['service'] };
}
