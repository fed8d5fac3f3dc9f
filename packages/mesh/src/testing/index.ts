export { createFaults, type Faults, type Processes } from './fault-orders.ts';
export type {
  Endpoint,
  FailOptions,
  FaultRate,
  FaultTarget,
  LoseOptions,
} from './faults.ts';
export { MemoryNetwork, type Place } from './memory-network.ts';
export { type MixedRun, runMixedFaults } from './mixed-faults.ts';
export type { TestClock } from './pace.ts';
export type { Weather } from './sim-network.ts';
export { type SimulatedFleet, type SimulatedProcess, type SimulateOptions, simulate } from './simulate.ts';
export { createStub, type Stub, type StubAnswer, type StubRequest, type StubRoutes } from './stub.ts';
