export type {
  FailOptions,
  FaultRate,
  Faults,
  FaultTarget,
  LoseOptions,
  StubAnswer,
  StubRequest,
  StubRoutes,
  TestClock,
} from '@express-micro/mesh/testing';
export {
  createTestMesh,
  type TestInstance,
  type TestMesh,
  type TestMeshOptions,
  type TestService,
  type TestStub,
} from './test-mesh.ts';
