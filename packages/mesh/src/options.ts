import {
  booleanOption,
  consoleLog,
  functionOption,
  groupOption,
  integerOption,
  type Log,
  type Option,
  OptionProblem,
  resolveOptions,
  show,
  silentLog,
} from '@express-micro/core';
import { BALANCE_OPTIONS, type BalanceOptions, type BalanceTunables } from './call/balance-options.ts';
import { BULKHEAD_OPTIONS, type BulkheadOptions, type BulkheadTunables } from './call/bulkhead-options.ts';
import { EJECTION_OPTIONS, type EjectionOptions, type EjectionTunables } from './call/ejection-options.ts';
import { HEDGING_OPTIONS, type HedgingOptions, type HedgingTunables } from './call/hedging-options.ts';
import { RETRY_OPTIONS, type RetryOptions, type RetryTunables } from './call/retry-options.ts';
import type { InstanceInfo } from './directory/directory.ts';
import { meshError } from './errors.ts';
import { defaultHost, isServiceName, originOf, parseOrigin } from './identity.ts';
import { createAddressList } from './serve/addresses.ts';
import { type DrainOptions, type DrainTimes, drainOption } from './serve/drain.ts';
import { type ResolvedShedding, type SheddingOptions, sheddingOption } from './serve/shedding.ts';
import type { SourceFactory } from './sources/source.ts';
import { type AllowOption, allowOption, type Rules } from './trust/rules.ts';
import { checkTls, type ResolvedTls, TLS_OPTIONS, type TlsOptions } from './trust/tls-options.ts';

export type ServiceListener = (name: string, info: InstanceInfo) => void;

/** What a user may say. Every field is optional; numbers may come as numeric strings, as they do from the environment. */
export interface MeshOptions {
  /** Name under which the others call this app. @default `process.env.npm_package_name`, else `'unnamed-service'` */
  readonly serviceName?: string | undefined;
  /** Port at which the others reach this app. @default learned from the server that listens, else `app.get('port')` */
  readonly port?: number | string | undefined;
  /** Host name or address at which the others reach this app. @default the one address that the server is bound to, else the first external IPv4 address, else `127.0.0.1` */
  readonly host?: string | undefined;
  /** URLs of other services; any one that is up is enough. @default `EXPRESS_MICRO_PEERS` (comma list), else none */
  readonly peers?: readonly string[] | undefined;
  /** Where the others are found instead of at `peers`: an engine that exists, such as `redisSource({ client })`. @default `peers` */
  readonly source?: SourceFactory | undefined;
  /**
   * Milliseconds in which the health of all others is looked after; every time of discovery scales with it. Raising it finds
   * failures later; lowering it costs messages in proportion. @default 5000
   */
  readonly pingInterval?: number | string | undefined;
  /** Addresses and CIDR ranges that may reach discovery and `internal()` routes. @default everybody */
  readonly ipWhitelist?: readonly string[] | undefined;
  /** Proxies (addresses, CIDR ranges) whose `X-Forwarded-For` is believed. @default none */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Signs every call and message, and refuses replays. @default false */
  readonly enableHmac?: boolean | undefined;
  /**
   * TLS to the others: authorities, a certificate of our own, names in theirs. See {@link TlsOptions}.
   * @default what Node trusts; no certificate of our own
   */
  readonly tls?: TlsOptions | undefined;
  /** Which services may call which; see {@link AllowOption}. One text may serve the whole fleet. @default everybody everything */
  readonly allow?: AllowOption | undefined;
  /** Called when the first instance of a service is up. */
  readonly onServiceUp?: ServiceListener | undefined;
  /** Called when the last instance of a service is gone. */
  readonly onServiceDown?: ServiceListener | undefined;
  /** Longest time of one call, in milliseconds. Raising it holds callers of slow services longer. @default 10000 */
  readonly timeoutMs?: number | string | undefined;
  /** When a failed call is tried again; `false`: never. @default up to 3 attempts, within a budget */
  readonly retry?: RetryOptions | false | undefined;
  /** Which instance is called; `false`: any, by chance. @default the one that is faster and has less to do, of two */
  readonly balance?: BalanceOptions | false | undefined;
  /** When an instance that fails is left alone for a while; `false`: never. @default after 5 failures in a row, or half of 20 */
  readonly ejection?: EjectionOptions | false | undefined;
  /** How many calls one instance may hold up; `false`: any number. @default 100, and 100 that wait */
  readonly bulkhead?: BulkheadOptions | false | undefined;
  /** How much load the calls that ask for `hedge` may add; `false`: none is hedged. @default 5 % */
  readonly hedging?: HedgingOptions | false | undefined;
  /**
   * How calls travel: `'auto'` keeps one connection to each instance that offers it and sends all calls over that, and calls
   * within a process past the network; `'http'` sends each as a request of its own. @default 'auto'
   */
  readonly transport?: 'auto' | 'http' | undefined;
  /** On SIGTERM: leave as `drain` says, so that the process ends by itself. @default false */
  readonly closeOnSigterm?: boolean | undefined;
  /**
   * On SIGHUP: read keys and certificates once more from where they came, and say what changed. Files are followed without it
   * too; it is for those who want it now, and to hear it. Off by default, because Node ends a process on SIGHUP, which is how
   * one goes whose terminal was closed: with this it stays. Listeners of your own are heard as ever. On Windows, which
   * has no such signal, nothing is done; `micro.reload()` does the same. @default false
   */
  readonly reloadOnSighup?: boolean | undefined;
  /** How to leave on SIGTERM; `false`: at once. `close()` has times of its own. See {@link DrainOptions}. */
  readonly drain?: DrainOptions | false | undefined;
  /** When requests are refused because there are too many; `false`: never. See {@link SheddingOptions}. */
  readonly shedding?: SheddingOptions | false | undefined;
  /** Where warnings go; `false` for nowhere. @default standard error */
  readonly log?: Log | false | undefined;
}

const MAX_PORT = 65_535;

/** The options as the mesh works with them: every one present, in its final form. */
export interface ResolvedOptions {
  readonly serviceName: string;
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly peers: readonly string[];
  readonly source: SourceFactory | undefined;
  readonly pingInterval: number;
  readonly ipWhitelist: readonly string[] | undefined;
  readonly trustedProxies: readonly string[] | undefined;
  readonly enableHmac: boolean;
  readonly tls: ResolvedTls;
  readonly allow: Rules | undefined;
  readonly onServiceUp: ServiceListener | undefined;
  readonly onServiceDown: ServiceListener | undefined;
  readonly timeoutMs: number;
  readonly retry: RetryTunables | false;
  readonly balance: BalanceTunables | false;
  readonly ejection: EjectionTunables | false;
  readonly bulkhead: BulkheadTunables | false;
  readonly hedging: HedgingTunables | false;
  readonly transport: 'auto' | 'http';
  readonly closeOnSigterm: boolean;
  readonly reloadOnSighup: boolean;
  readonly drain: DrainTimes | false;
  readonly shedding: ResolvedShedding | false;
  readonly log: Log;
}

const TABLE: { readonly [K in keyof ResolvedOptions]: Option<ResolvedOptions[K]> } = {
  serviceName: {
    takes: 'a name of letters, digits, ".", "_" and "-", such as "order-service" or "@shop/orders"',
    fallback: () => {
      const packageName = process.env.npm_package_name;
      return isServiceName(packageName) ? packageName : 'unnamed-service';
    },
    read: (value) => {
      if (!isServiceName(value)) throw new OptionProblem();
      return value;
    },
  },
  port: integerOption('a port number', { min: 1, max: MAX_PORT }, () => undefined),
  host: {
    takes: 'a host name or an IP address at which others can reach this app, without protocol and port',
    fallback: () => undefined,
    read: (value) => {
      const host = typeof value === 'string' ? value.replace(/^\[(.*)\]$/, '$1') : '';
      if (!isHost(host)) throw new OptionProblem();
      return host;
    },
  },
  peers: {
    takes: 'a list of URLs such as ["http://orders.example.com:3000"], http or https, without path',
    fallback: () =>
      readPeers(
        (process.env.EXPRESS_MICRO_PEERS ?? '').split(',').flatMap((part) => part.trim() || []),
        ' of EXPRESS_MICRO_PEERS',
      ),
    read: (value) => readPeers(value),
  },
  source: {
    takes: 'a source that was made for an engine: redisSource({ client }) of express-micro/sources/redis',
    fallback: () => undefined,
    read: (value) => {
      if (!isSourceFactory(value)) throw new OptionProblem();
      return value;
    },
  },
  pingInterval: integerOption('milliseconds', { min: 100, max: 3_600_000 }, () => 5_000),
  ipWhitelist: addressListOption('ipWhitelist'),
  trustedProxies: addressListOption('trustedProxies'),
  enableHmac: booleanOption(false),
  tls: tlsOption(),
  allow: allowOption(isServiceName),
  onServiceUp: functionOption<ServiceListener>('a function (name, info) => void'),
  onServiceDown: functionOption<ServiceListener>('a function (name, info) => void'),
  timeoutMs: integerOption('milliseconds', { min: 1, max: 2_147_483_647 }, () => 10_000),
  retry: groupOption('retry', RETRY_OPTIONS),
  balance: groupOption('balance', BALANCE_OPTIONS),
  ejection: groupOption('ejection', EJECTION_OPTIONS),
  bulkhead: groupOption('bulkhead', BULKHEAD_OPTIONS),
  hedging: groupOption('hedging', HEDGING_OPTIONS),
  transport: {
    takes: "'auto' or 'http'",
    fallback: () => 'auto',
    read: (value) => {
      if (value !== 'auto' && value !== 'http') throw new OptionProblem();
      return value;
    },
  },
  closeOnSigterm: booleanOption(false),
  reloadOnSighup: booleanOption(false),
  drain: drainOption,
  shedding: sheddingOption,
  log: {
    takes: 'an object with the methods info, warn and error, or false',
    fallback: () => consoleLog,
    read: (value) => {
      if (value === false) return silentLog;
      if (!isLog(value)) throw new OptionProblem();
      return value;
    },
  },
};

/** @param owner the function that was called, for messages: `expressMicro()` @throws MESH_OPTION_INVALID */
export function resolveMeshOptions(owner: string, given: unknown): ResolvedOptions {
  const resolved = resolveOptions(owner, TABLE, given, (message, details) =>
    meshError('MESH_OPTION_INVALID', message, { details }),
  );
  refuseTwoSources(owner, resolved);
  return resolved;
}

/** Two places would be two views of the fleet, and nobody could say which of them holds. */
function refuseTwoSources(owner: string, { source, peers }: ResolvedOptions): void {
  if (source === undefined || peers.length === 0) return;
  const isFromEnvironment = process.env.EXPRESS_MICRO_PEERS !== undefined;
  const advice = `Leave out "peers"${isFromEnvironment ? ', and unset EXPRESS_MICRO_PEERS,' : ''} to find them in ${source.name}, or leave out "source".`;
  throw meshError(
    'MESH_OPTION_INVALID',
    `${owner} got "peers" (${show(peers)}) and "source" (${source.name}): the others are found in one place. ${advice}`,
    { details: { option: 'source' } },
  );
}

/** The address that the others get: what was given, else where the server listens if that is one address, else the first external one. */
export function advertisedHost(given: string | undefined, bound: string | undefined): string {
  if (given !== undefined) return given;
  const isAny = bound === undefined || bound === '' || bound === '::' || bound === '0.0.0.0';
  return isAny ? defaultHost() : bound;
}

function readPeers(value: unknown, where = ''): readonly string[] {
  if (!Array.isArray(value)) throw new OptionProblem();
  return value.map((entry: unknown) => {
    const origin = parseOrigin(entry);
    if (origin === undefined) throw new OptionProblem(`the entry ${show(entry)}${where}`);
    return origin;
  });
}

/** A group that cannot be switched off: without it there is TLS all the same. */
function tlsOption(): Option<ResolvedTls> {
  const { read, fallback } = groupOption('tls', TLS_OPTIONS);
  const taken = (tls: ResolvedTls | false) => {
    if (tls === false) throw new OptionProblem();
    return checkTls(tls);
  };
  return {
    takes: `an object of ${Object.keys(TLS_OPTIONS).join(', ')}`,
    isSecret: true,
    fallback: () => taken(fallback()),
    read: (value) => taken(read(value)),
  };
}

function addressListOption(name: string): Option<readonly string[] | undefined> {
  return {
    takes: 'a list of IP addresses and CIDR ranges, such as ["10.0.0.0/8", "::1"]',
    fallback: () => undefined,
    read: (value) => {
      if (!Array.isArray(value)) throw new OptionProblem();
      for (const entry of value) {
        try {
          createAddressList([entry], name);
        } catch {
          throw new OptionProblem(`the entry ${show(entry)}`);
        }
      }
      return Object.freeze([...value]);
    },
  };
}

/** A host alone, and one at which a service can be: not `0.0.0.0`, which is a place to listen and no address to call. */
function isHost(value: string): boolean {
  return /^[\w.:%-]+$/.test(value) && parseOrigin(originOf('http', value, 1)) !== undefined;
}

function isSourceFactory(value: unknown): value is SourceFactory {
  const source = value as Partial<SourceFactory> | null;
  return typeof source === 'object' && typeof source?.name === 'string' && typeof source.create === 'function';
}

function isLog(value: unknown): value is Log {
  const log = value as Partial<Log> | null;
  return typeof log === 'object' && [log?.info, log?.warn, log?.error].every((method) => typeof method === 'function');
}
