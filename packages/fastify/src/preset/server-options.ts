import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createAddressList, integerOption, type Option, OptionProblem, resolveOptions, show } from '@express-micro/core';
import { meshError } from '@express-micro/mesh';

/** What has to be said where a Fastify app is made. */
export interface BaseServerOptions {
  /** @default `LOG_LEVEL`, else `info` in production and `debug` elsewhere. `http`, as it is known elsewhere, is `info`, at which Fastify tells of requests */
  readonly level?: string | undefined;
  /** Lines for people instead of JSON. @default outside of production, where `pino-pretty` is installed */
  readonly pretty?: boolean | undefined;
  /** The largest body that is read, in bytes. Raising it lets a client take more memory; lowering it refuses uploads. @default 10485760 */
  readonly bodyLimit?: number | undefined;
  /** The proxies before this app whose `X-Forwarded-*` is believed: addresses, ranges, `loopback`. @default none */
  readonly trustProxy?: readonly string[] | false | undefined;
}

/** For `Fastify({ … })`. */
export interface ServerSettings {
  readonly logger: { readonly level: string; readonly transport?: { readonly target: string } };
  readonly bodyLimit: number;
  readonly trustProxy: string[] | false;
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
const NAMED = new Set(['loopback', 'linklocal', 'uniquelocal']);
const isProduction = () => process.env.NODE_ENV === 'production';

function readLevel(value: unknown, where = ''): string {
  const level = value === 'http' ? 'info' : value;
  if (typeof level !== 'string' || !LEVELS.includes(level)) throw new OptionProblem(`${show(value)}${where}`);
  return level;
}

const levelOption: Option<string> = {
  takes: `one of ${LEVELS.join(', ')}`,
  read: (value) => readLevel(value),
  fallback() {
    const given = process.env.LOG_LEVEL;
    if (given !== undefined && given !== '') return readLevel(given.toLowerCase(), ' of LOG_LEVEL');
    return isProduction() ? 'info' : 'debug';
  },
};

const prettyOption: Option<string | undefined> = {
  takes: 'true or false; true needs the package pino-pretty',
  read(value) {
    if (typeof value !== 'boolean') throw new OptionProblem();
    if (!value) return undefined;
    const target = findPretty();
    if (target === undefined) throw new OptionProblem('pino-pretty is not installed: npm install pino-pretty');
    return target;
  },
  fallback: () => (isProduction() ? undefined : findPretty()),
};

/** Where the app has it: a logger with a transport loads it in a thread of its own, by its path. */
function findPretty(): string | undefined {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve('pino-pretty');
  } catch {
    return undefined;
  }
}

const trustProxyOption: Option<readonly string[] | false> = {
  takes: 'false, or a list of addresses and ranges such as ["10.0.0.0/8", "loopback"]',
  fallback: () => false,
  read(value) {
    if (value === false) return false;
    if (value === true) throw new OptionProblem('it trusts whatever a client writes into x-forwarded-for: name the proxies');
    if (!Array.isArray(value) || value.length === 0) throw new OptionProblem();
    const everybody = value.find((entry) => typeof entry === 'string' && entry.endsWith('/0'));
    if (everybody !== undefined) throw new OptionProblem(`${show(everybody)} is everybody`);
    createAddressList(value.filter((entry) => !NAMED.has(entry)));
    return value as string[];
  },
};

const TABLE = {
  level: levelOption,
  pretty: prettyOption,
  bodyLimit: integerOption('bytes', { min: 1, max: 1_073_741_824 }, () => 10_485_760),
  trustProxy: trustProxyOption,
};

/**
 * Log, body limit and proxies of an app: `Fastify(baseOptions())`.
 *
 * @throws MESH_OPTION_INVALID
 */
export function baseOptions(options?: BaseServerOptions): ServerSettings {
  const { level, pretty, bodyLimit, trustProxy } = resolveOptions('baseOptions()', TABLE, options, (message, details) =>
    meshError('MESH_OPTION_INVALID', message, { details }),
  );
  return {
    logger: { level, ...(pretty !== undefined && { transport: { target: pretty } }) },
    bodyLimit,
    trustProxy: trustProxy === false ? false : [...trustProxy],
  };
}
