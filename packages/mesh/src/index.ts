export { type Adopted, type AppInMesh, enterMesh, type WebApp } from './app-in-mesh.ts';
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
export { createMicro, type MicroOf } from './micro.ts';
export { type MeshOptions, type ResolvedOptions, resolveMeshOptions, type ServiceListener } from './options.ts';
export type { ReadyOptions } from './ready.ts';
export type { ServerCertificates } from './renewal.ts';
export type { RouteDescriptor } from './routes/descriptor.ts';
export { atMostListed, MAX_ROUTES } from './routes/list-codec.ts';
export type { NamedRoute } from './routes/naming.ts';
export { expand, MAX_WAYS, type Pattern, type Piece, text, toTemplate } from './routes/path-pieces.ts';
export type { Middleware, Next } from './serve/admission.ts';
export { DRAIN_ON_CLOSE, type DrainOptions } from './serve/drain.ts';
export { deadlineOf, type RequestDeadline, signalOf } from './serve/request-deadline.ts';
export type { SheddingOptions } from './serve/shedding.ts';
export { uncaughtAnswer } from './serve/uncaught.ts';
export type { SourceEvent, SourceFactory } from './sources/source.ts';
export type { AllowOption } from './trust/rules.ts';
export type { TlsOptions } from './trust/tls-options.ts';
