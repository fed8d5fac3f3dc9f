import { type Option, OptionProblem, type Resolved, resolveOptions } from '@express-micro/core';
import type { AccessLogOptions } from './access-log/access-log-options.ts';
import { optionInvalid } from './errors.ts';
import { type HealthOptions, healthOption, pathsOf, type ResolvedHealth } from './health/options.ts';
import type { LevelEndpointOptions } from './logging/level-endpoint.ts';
import { createLogger, isLogger, type Logger } from './logging/logger.ts';
import type { LoggerOptions } from './logging/logger-options.ts';
import { isOwnLogger, type OwnLogger } from './logging/own-logger.ts';
import type { LevelHeaderOptions } from './logging/request-level.ts';
import { type MetricsOptions, metricsOption, type ResolvedMetrics } from './metrics/options.ts';
import { type ResolvedShutdown, type ShutdownOptions, shutdownOption } from './shutdown/options.ts';
import { type ResolvedTracing, type TracingOptions, tracingOption } from './tracing/options.ts';

export interface ObservabilityOptions {
  /** Stands in every line. @default `process.env.npm_package_name`, else `'unnamed-service'` */
  readonly service?: string | undefined;
  /**
   * How to log: options of `createLogger`, a logger that it made, or one of your own (winston, bunyan, pino, `console`), which then gets
   * every line with the fields that join it to its request.
   */
  readonly logger?: Logger | OwnLogger | Omit<LoggerOptions, 'service'> | undefined;
  /**
   * A line for each request: `'structured'` to the logger; a format of `accessLog` (`'combined'`, `':id :method :url'`) to the console;
   * options of `accessLog`; `false`: none. @default 'structured'
   */
  readonly accessLog?: string | AccessLogOptions | false | undefined;
  /** Who may raise the level for one request by the header `x-log-level`. See {@link LevelHeaderOptions}. @default nobody */
  readonly levelHeader?: LevelHeaderOptions | undefined;
  /** Where the level is asked for and set while the app runs. See {@link LevelEndpointOptions}. @default nowhere */
  readonly levelEndpoint?: (LevelEndpointOptions & { readonly path: string }) | undefined;
  /** What is measured and who may read it; `false`: nothing is. See {@link MetricsOptions}. */
  readonly metrics?: MetricsOptions | false | undefined;
  /** Where a platform learns whether this process is well; `false`: nowhere. See {@link HealthOptions}. */
  readonly health?: HealthOptions | false | undefined;
  /** What is traced, where an SDK was started; `false`: nothing is. See {@link TracingOptions}. */
  readonly tracing?: TracingOptions | false | undefined;
  /** How the process ends on SIGTERM and SIGINT; `false`: as it would without us. See {@link ShutdownOptions}. */
  readonly shutdown?: ShutdownOptions | false | undefined;
}

type Table = {
  readonly service: Option<string | undefined>;
  readonly logger: Option<unknown>;
  readonly accessLog: Option<string | AccessLogOptions | false>;
  readonly levelHeader: Option<LevelHeaderOptions | undefined>;
  readonly levelEndpoint: Option<(LevelEndpointOptions & { readonly path: string }) | undefined>;
  readonly metrics: Option<ResolvedMetrics | false>;
  readonly health: Option<ResolvedHealth | false>;
  readonly tracing: Option<ResolvedTracing | false>;
  readonly shutdown: Option<ResolvedShutdown | false>;
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

const TABLE: Table = {
  service: { takes: 'a name', fallback: () => undefined, read: (value) => value as string },
  logger: {
    takes: 'options of createLogger(), a logger that it made, or a logger with the methods info, warn and error',
    fallback: () => ({}),
    read: (value) => {
      if (!isObject(value) && !isOwnLogger(value)) throw new OptionProblem();
      return value;
    },
  },
  accessLog: {
    takes: "'structured', a format or options of accessLog(), or false",
    fallback: () => 'structured',
    read: (value) => {
      if (value !== false && typeof value !== 'string' && !isObject(value)) throw new OptionProblem();
      return value as string | AccessLogOptions | false;
    },
  },
  levelHeader: {
    takes: "{ callers: ['gateway'] }, { allow: (req) => boolean }, or both",
    fallback: () => undefined,
    read: (value) => {
      const { callers, allow, ...others } = (isObject(value) ? value : { none: true }) as Record<string, unknown>;
      const isList = callers === undefined || (Array.isArray(callers) && callers.every((name) => typeof name === 'string'));
      const isCheck = allow === undefined || typeof allow === 'function';
      if (!isList || !isCheck || Object.keys(others).length > 0 || (callers === undefined && allow === undefined))
        throw new OptionProblem();
      return value as LevelHeaderOptions;
    },
  },
  levelEndpoint: {
    takes: "{ path: '/…', allow: (req) => boolean }; without allow everybody could set the level",
    fallback: () => undefined,
    read: (value) => {
      const { path, allow, ...others } = (isObject(value) ? value : {}) as Record<string, unknown>;
      if (typeof path !== 'string' || !/^\/[^?#\s]*$/.test(path) || typeof allow !== 'function' || Object.keys(others).length > 0)
        throw new OptionProblem();
      return value as LevelEndpointOptions & { readonly path: string };
    },
  },
  metrics: metricsOption,
  health: healthOption,
  tracing: tracingOption,
  shutdown: shutdownOption,
};

/** @throws OBSERVABILITY_OPTION_INVALID */
export function resolveObservabilityOptions(given: unknown): Resolved<Table> {
  const resolved = resolveOptions('observability()', TABLE, given, optionInvalid);
  checkPlaces(resolved);
  return resolved;
}

/** What operators ask for has a place each: of two in one, the second would be there for nobody, or for everybody. */
function checkPlaces({ metrics, health, levelEndpoint }: Resolved<Table>): void {
  if (metrics !== false && health !== false && metrics.port !== undefined && metrics.port === health.port) {
    if (metrics.host !== undefined && health.host !== undefined && metrics.host !== health.host)
      throw optionInvalid(`"metrics" and "health" share port ${metrics.port}, and so one "host": give both the same.`, {});
  }
  const places = new Map<string, string>();
  const take = (port: number | undefined, path: string, name: string) => {
    const place = `${port ?? 'the app'} ${path}`;
    const other = places.get(place);
    if (other !== undefined)
      throw optionInvalid(`"${name}" and "${other}" are both at ${path}: give one of them another path.`, {});
    places.set(place, name);
  };
  if (metrics !== false) take(metrics.port, metrics.path, 'metrics');
  if (health !== false) for (const path of pathsOf(health)) take(health.port, path, 'health');
  if (levelEndpoint !== undefined) take(undefined, levelEndpoint.path, 'levelEndpoint');
}

/** The logger that an option stands for, and whether we made it, and so have to close it. */
export function loggerFrom(given: unknown, service: string | undefined): { readonly logger: Logger; readonly isOurs: boolean } {
  if (isLogger(given)) return { logger: given, isOurs: false };
  const options = isOwnLogger(given) ? { logger: given } : (given as LoggerOptions);
  return { logger: createLogger({ ...options, service: service ?? options.service }), isOurs: true };
}
