import { isExpressApp } from '@express-micro/core';
import {
  admitKind,
  createAnyTestMesh,
  type TestInstance as InstanceOf,
  keepStaged,
  type TestMesh as MeshOf,
  type TestStub as StubOf,
  type TestMeshOptions,
} from '@express-micro/mesh/test-mesh';
// By its name, as users have it: what they declare of their services in 'express-micro' is declared here too.
import type { ExpressApp, ExpressMicroOptions, Micro, Services } from 'express-micro';
import { isMember } from '../express-micro.ts';
import { openStage } from '../stage.ts';
import { stageApp } from './stand-in.ts';

export type { TestMeshOptions } from '@express-micro/mesh/test-mesh';

/** One instance of a service in a test mesh. */
export interface TestInstance extends InstanceOf<Services> {}

export interface TestService extends TestInstance {
  readonly micro: Micro;
}

export interface TestStub extends StubOf<Services> {}

/** Services in one process that call each other through everything that they call each other through elsewhere, but the network. */
export interface TestMesh extends MeshOf<Services> {
  /**
   * One more instance of a service: an Express app, whether it has called `expressMicro()` itself (then `options` are there) or
   * not. An app plays in one mesh at a time, as one instance.
   * @throws MESH_OPTION_INVALID, MESH_CLOSED
   */
  service(name: string, app: ExpressApp, options?: ExpressMicroOptions): TestService;
}

admitKind({
  takes: 'an Express app: what express() gives',
  joined: 'called expressMicro()',
  entry: 'express-micro/testing',
  isApp: isExpressApp,
  isMember,
  stage: (app, options) => keepStaged(app, stageApp(app as never, options, undefined)),
});
// Whoever imports this tests: apps that call `expressMicro()` from now on wait for the mesh of a test.
openStage((app, options, ownName) => keepStaged(app, stageApp(app, options, ownName)).micro);

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
  return createAnyTestMesh<Services>(options) as TestMesh;
}
