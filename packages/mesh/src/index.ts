export type { BalanceOptions } from './call/balance-options.ts';
export type { BulkheadOptions } from './call/bulkhead-options.ts';
export type { CallOptions, ResponseOptions } from './call/call.ts';
export type { EjectionOptions } from './call/ejection-options.ts';
export type { HedgingOptions } from './call/hedging-options.ts';
export type { RemoteFailure } from './call/remote-failure.ts';
export type { RetryOptions } from './call/retry-options.ts';
export {
  createServicesProxy,
  type ExplicitArguments,
  type Invoker,
  type ServiceFunction,
  type ServiceResponse,
  type ServiceStream,
  type ServicesOf,
} from './call/services.ts';
export type { Counters } from './counters.ts';
export type { InstanceInfo } from './directory/directory.ts';
export { type CallFacts, MESH_ERRORS, MeshError, type MeshErrorCode, meshError } from './errors.ts';
export type { IdempotencyOptions } from './idempotency/options.ts';
export type { Attempt, Begun, IdempotencyStore, StoredAnswer } from './idempotency/store.ts';
export type { Prototypes } from './link/born.ts';
export { createMesh } from './mesh.ts';
export type { Listening, Mesh, MeshSurroundings } from './mesh-api.ts';
export type { DrainPhase, EjectionEvent, MeshEvents, MeshListener, RenewalEvent, RetryEvent } from './mesh-events.ts';
export { type MeshOptions, type ResolvedOptions, resolveMeshOptions, type ServiceListener } from './options.ts';
export { PORT_ADVICE, PORT_PATIENCE_MS, type ReadyOptions } from './ready.ts';
export { reloadOnSighup } from './reload-on-sighup.ts';
export type { ServerCertificates } from './renewal.ts';
export type { RouteDescriptor } from './routes/descriptor.ts';
export type { NamedRoute } from './routes/naming.ts';
export type { Middleware, Next } from './serve/admission.ts';
export { DRAIN_ON_CLOSE, type Drain, type DrainOptions, drainOnSigterm } from './serve/drain.ts';
export type { SheddingOptions } from './serve/shedding.ts';
export type { SourceEvent, SourceFactory } from './sources/source.ts';
export type { AllowOption } from './trust/rules.ts';
export type { TlsOptions } from './trust/tls-options.ts';
