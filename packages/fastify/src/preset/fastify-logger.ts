import type { FastifyBaseLogger } from '../fastify.ts';

type Serializers = Readonly<Record<string, (value: never) => unknown>>;

/** A logger with the levels of this family, such as that of `@express-micro/observability`. */
interface LevelLogger {
  level: string;
  readonly error: (...args: never[]) => unknown;
  readonly warn: (...args: never[]) => unknown;
  readonly info: (...args: never[]) => unknown;
  readonly debug: (...args: never[]) => unknown;
  readonly trace: (...args: never[]) => unknown;
  child(fields: never): LevelLogger;
}

/** What Fastify asks of a child: that of a request, of a context, and of the app itself. */
interface ChildRules {
  readonly level?: string | undefined;
  readonly serializers?: Serializers | undefined;
}

/** The levels of both families, and by which of its methods a logger of this one writes them. What ends a process is an error. */
const METHODS = { fatal: 'error', error: 'error', warn: 'warn', info: 'info', http: 'http', debug: 'debug', trace: 'trace' };
const LEVELS = ['silent', ...Object.keys(METHODS)];

/** Made for each request, so it has fields only: the methods are its prototype's. */
interface Child {
  own: LevelLogger;
  /** Lines above it are not written. */
  rank: number;
  serializers: Serializers | undefined;
}

/**
 * A logger as Fastify wants one: `Fastify({ loggerInstance: fastifyLogger(createLogger()) })`. `logLevel` and `logSerializers` of routes
 * and contexts hold, Fastify's own serializers, too; a `logLevel` that is more talkative than the logger writes no more than that does.
 */
export function fastifyLogger(logger: LevelLogger): FastifyBaseLogger {
  const methods = Object.entries(METHODS).map(([level, name]) => [level, { value: methodOf(LEVELS.indexOf(level), name) }]);
  const prototype = Object.create(logger, {
    ...Object.fromEntries(methods),
    silent: { value: () => {} },
    level: {
      get: () => logger.level,
      set: (level: string) => {
        logger.level = level;
      },
    },
    child: {
      value(this: Child, bindings: object, { level, serializers }: ChildRules = {}) {
        const inherited = serializers === undefined ? this.serializers : { ...this.serializers, ...serializers };
        return childOf(this.own.child(bindings as never), rankOf(level) ?? this.rank, inherited);
      },
    },
  });
  function childOf(own: LevelLogger, rank: number, serializers: Serializers | undefined): FastifyBaseLogger {
    const child: FastifyBaseLogger & Child = Object.create(prototype);
    child.own = own;
    child.rank = rank;
    child.serializers = serializers;
    return child;
  }
  return childOf(logger, LEVELS.length, undefined);
}

function methodOf(rank: number, name: string) {
  return function write(this: Child, ...args: unknown[]): void {
    if (rank > this.rank) return;
    if (this.serializers !== undefined) args[0] = serialised(args[0], this.serializers);
    (this.own as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>)[name]?.(...args);
  };
}

function rankOf(level: string | undefined): number | undefined {
  const rank = level === undefined ? -1 : LEVELS.indexOf(level);
  return rank < 0 ? undefined : rank;
}

/** Its own object stays as it is. An error is no table of fields. */
function serialised(fields: unknown, serializers: Serializers): unknown {
  if (typeof fields !== 'object' || fields === null || fields instanceof Error) return fields;
  const written: Record<string, unknown> = { ...fields };
  for (const name in written) {
    const serialise = Object.hasOwn(serializers, name) ? serializers[name] : undefined;
    if (serialise !== undefined && written[name] !== undefined) written[name] = serialise(written[name] as never);
  }
  return written;
}
