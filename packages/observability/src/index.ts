export type { ExpressApp } from '@express-micro/core';
export { accessLog } from './access-log/access-log.ts';
export type { AccessLogOptions, AccessLogTarget } from './access-log/access-log-options.ts';
export type { FormatFunction, TokenFunctions } from './access-log/formats.ts';
export { type RequestLoggerOptions, requestLogger } from './access-log/request-logger.ts';
export type { OwnToken } from './access-log/tokens.ts';
export type { AccessOptions } from './endpoints/options.ts';
export type { ObservabilityErrorCode } from './errors.ts';
export type { CheckRun } from './health/check.ts';
export type { CheckReport, Health, HealthReport } from './health/health.ts';
export type { CheckOptions, HealthOptions } from './health/options.ts';
export type { Fields } from './logging/clean.ts';
export { type LevelEndpointOptions, levelEndpoint } from './logging/level-endpoint.ts';
export type { LevelName } from './logging/levels.ts';
export type { LogMethod } from './logging/log-line.ts';
export { createLogger, type Logger, type LoggerEvents } from './logging/logger.ts';
export type { FilesGiven, LoggerOptions } from './logging/logger-options.ts';
export type { OwnLogger } from './logging/own-logger.ts';
export type { LevelHeaderOptions } from './logging/request-level.ts';
export type { RedactOptions } from './logging/secrets.ts';
export type {
  Counter,
  Gauge,
  GaugeOptions,
  Histogram,
  HistogramOptions,
  MetricOptions,
  Readings,
  Summary,
  SummaryOptions,
} from './metrics/custom-metrics.ts';
export type { Metrics } from './metrics/metrics.ts';
export type { MetricsOptions } from './metrics/options.ts';
export { type Observability, observability } from './observability.ts';
export type { ObservabilityOptions } from './options.ts';
export { type JoinedFields, joinedFields } from './request/joined-fields.ts';
export { type Middleware, type Next, requestId } from './request/request-id.ts';
export type { ShutdownOptions } from './shutdown/options.ts';
export type { Shutdown } from './shutdown/shutdown.ts';
export type { TracingOptions } from './tracing/options.ts';
export { withSpan } from './tracing/with-span.ts';
