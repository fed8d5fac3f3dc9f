export type { Caller } from '@express-micro/core';
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
export { type FastifyMicroOptions, fastifyMicro, fastifyMicro as default } from './fastify-micro.ts';
export type { Micro, MicroHandler, MicroHook, Services } from './micro.ts';
