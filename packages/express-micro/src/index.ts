export type { Caller, ExpressApp } from '@express-micro/core';
export { isMicroError, MicroError } from '@express-micro/core';
export type {
  AllowOption,
  Attempt,
  BalanceOptions,
  Begun,
  BulkheadOptions,
  CallOptions,
  Counters,
  DrainOptions,
  DrainPhase,
  EjectionEvent,
  EjectionOptions,
  HedgingOptions,
  IdempotencyOptions,
  IdempotencyStore,
  InstanceInfo,
  ReadyOptions,
  RemoteFailure,
  RenewalEvent,
  RequestDeadline,
  ResponseOptions,
  RetryEvent,
  RetryOptions,
  ServerCertificates,
  ServiceFunction,
  ServiceResponse,
  ServiceStream,
  SheddingOptions,
  SourceEvent,
  SourceFactory,
  StoredAnswer,
  TlsOptions,
} from '@express-micro/mesh';
export { MeshError, type MeshErrorCode } from '@express-micro/mesh';
export { type ExpressMicroOptions, expressMicro, expressMicro as default, type Micro, type Services } from './express-micro.ts';
export { declareName, declareRoutes } from './express-routes.ts';
