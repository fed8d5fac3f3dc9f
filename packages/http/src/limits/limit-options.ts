import type { ServerResponse } from 'node:http';
import {
  booleanOption,
  consoleLog,
  functionOption,
  integerOption,
  type Log,
  type Option,
  OptionProblem,
  type OptionTable,
  type Resolved,
} from '@express-micro/core';
import { logOption } from '../log-option.ts';
import type { HttpRequest } from '../middleware.ts';
import type { LimitBy } from './caller-key.ts';
import type { RateLimitStore } from './limit-store.ts';

export interface RateLimitOptions {
  /**
   * Milliseconds in which `limit` requests pass. Raising it lets more pass at once for the same rate, and has who is refused wait longer.
   * @default 60000; of apiLimiter and authLimiter 900000
   */
  readonly windowMs?: number | string | undefined;
  /** Requests of one caller within the window. @default 100; of authLimiter 5 */
  readonly limit?: number | string | undefined;
  /**
   * By what callers are told apart. `'ip'`: the address, as the framework knows it by the proxies that it trusts. `'user'`:
   * `req.principal`, so behind authentication. `'key'`: a header, which is believed as it is: who may make keys up has a new limit with
   * each, so behind what verifies it. Who has no user or key is told apart by address. @default 'ip'
   */
  readonly by?: LimitBy | undefined;
  /** The header of `by: 'key'`. @default 'x-api-key' */
  readonly keyHeader?: string | undefined;
  /**
   * Bits of an IPv6 address that are one caller. Raising it lets who has a whole network pass with each of its addresses; lowering
   * it has neighbours share. @default 64
   */
  readonly ipv6Prefix?: number | undefined;
  /**
   * Asked when the answer is out: whether the request goes on to count. Each counts until then; one whose client goes away before stays
   * counted. @default every request; of authLimiter those that were answered with 400 or more
   */
  readonly isCounted?: ((req: HttpRequest, res: ServerResponse) => boolean) | undefined;
  /** Requests that are not limited. @default none */
  readonly skip?: ((req: HttpRequest) => boolean) | undefined;
  /** Where the counts are: `redisLimitStore()` for a fleet. @default memoryLimitStore(): each process for itself */
  readonly store?: RateLimitStore | undefined;
  /** What the keys in the store begin with; limiters of one store have one each. @default 'rl:'; of authLimiter 'rl:auth:' */
  readonly prefix?: string | undefined;
  /** The name of the policy in the headers. @default 'default'; of apiLimiter 'api', of authLimiter 'auth' */
  readonly name?: string | undefined;
  /** `RateLimit` and `RateLimit-Policy`. @default true */
  readonly standardHeaders?: boolean | undefined;
  /** `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds since 1970). @default false */
  readonly legacyHeaders?: boolean | undefined;
  /** What who is refused is told. @default 'Too many requests' */
  readonly message?: string | undefined;
  /** Told once of proxies that are trusted wrongly. @default standard error */
  readonly log?: Log | undefined;
}

/** What differs between the limiters that there are. */
export interface LimitDefaults {
  readonly owner: string;
  readonly windowMs: number;
  readonly limit: number;
  readonly prefix: string;
  readonly name: string;
  readonly isCounted?: (req: HttpRequest, res: ServerResponse) => boolean;
}

const DAY_MS = 86_400_000;

export function limitTable({ windowMs, limit, prefix, name, isCounted }: LimitDefaults): LimitTable {
  return {
    windowMs: integerOption('milliseconds', { min: 1_000, max: 30 * DAY_MS }, () => windowMs),
    limit: integerOption('requests', { min: 1, max: 1_000_000_000 }, () => limit),
    by: {
      takes: `'ip', 'user', 'key', or a function of the request that answers a text`,
      fallback: () => 'ip',
      read: (value) => {
        if (value !== 'ip' && value !== 'user' && value !== 'key' && typeof value !== 'function') throw new OptionProblem();
        return value as LimitBy;
      },
    },
    keyHeader: textOption('the name of a header', /^[\w!#$%&'*+.^`|~-]{1,100}$/, 'x-api-key', (text) => text.toLowerCase()),
    ipv6Prefix: integerOption('bits', { min: 32, max: 128 }, () => 64),
    isCounted: { ...functionOption<Counts>('a function of the request and its answer'), fallback: () => isCounted },
    skip: functionOption<(req: HttpRequest) => boolean>('a function of the request'),
    store: {
      takes: 'a store: memoryLimitStore(), or redisLimitStore({ client, whenStoreFails })',
      fallback: () => undefined,
      read: (value) => {
        const store = value as Partial<Record<string, unknown>> | null;
        const isStore = typeof store === 'object' && store !== null;
        if (!isStore || !['take', 'giveBack', 'read', 'reset'].every((step) => typeof store[step] === 'function'))
          throw new OptionProblem();
        return value as RateLimitStore;
      },
    },
    prefix: textOption('1 to 64 characters without spaces', /^[\x21-\x7e]{1,64}$/, prefix),
    name: textOption('1 to 64 letters, digits, "_", "." and "-"', /^[\w.-]{1,64}$/, name),
    standardHeaders: booleanOption(true),
    legacyHeaders: booleanOption(false),
    message: textOption('a text', /^.{1,1000}$/s, 'Too many requests'),
    log: logOption(consoleLog),
  };
}

type Counts = (req: HttpRequest, res: ServerResponse) => boolean;

type LimitTable = OptionTable & {
  readonly windowMs: Option<number>;
  readonly limit: Option<number>;
  readonly by: Option<LimitBy>;
  readonly keyHeader: Option<string>;
  readonly ipv6Prefix: Option<number>;
  readonly isCounted: Option<Counts | undefined>;
  readonly skip: Option<((req: HttpRequest) => boolean) | undefined>;
  readonly store: Option<RateLimitStore | undefined>;
  readonly prefix: Option<string>;
  readonly name: Option<string>;
  readonly standardHeaders: Option<boolean>;
  readonly legacyHeaders: Option<boolean>;
  readonly message: Option<string>;
  readonly log: Option<Log>;
};

export type ResolvedLimit = Resolved<LimitTable>;

function textOption(takes: string, pattern: RegExp, fallback: string, tidy: (text: string) => string = String): Option<string> {
  return {
    takes,
    fallback: () => fallback,
    read: (value) => {
      if (typeof value !== 'string' || !pattern.test(value)) throw new OptionProblem();
      return tidy(value);
    },
  };
}
