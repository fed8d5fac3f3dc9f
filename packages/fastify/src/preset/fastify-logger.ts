import type { FastifyBaseLogger } from '../fastify.ts';

type Method = (...args: never[]) => unknown;

/** A logger with the levels of this family, such as that of `@express-micro/observability`. */
interface LevelLogger {
  level: string;
  readonly error: Method;
  readonly warn: Method;
  readonly info: Method;
  readonly debug: Method;
  readonly trace: Method;
  child(fields: never): LevelLogger;
}

/**
 * A logger that has no `fatal`, as Fastify wants one: `Fastify({ loggerInstance: fastifyLogger(createLogger()) })`. What ends a
 * process is an error there.
 */
export function fastifyLogger(logger: LevelLogger): FastifyBaseLogger {
  return Object.create(logger, {
    fatal: { value: (...args: never[]) => logger.error(...args) },
    silent: { value: () => {} },
    child: { value: (bindings: object) => fastifyLogger(logger.child(bindings as never)) },
  }) as FastifyBaseLogger;
}
