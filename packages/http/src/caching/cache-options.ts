import {
  booleanOption,
  consoleLog,
  functionOption,
  integerOption,
  type Log,
  type Option,
  OptionProblem,
  type Resolved,
} from '@express-micro/core';
import { logOption } from '../log-option.ts';
import type { HttpRequest } from '../middleware.ts';
import type { CacheStore } from './cache-store.ts';

export interface WithCacheOptions {
  /** Where answers are kept. @default 64 MB of this process, for all caches of it together */
  readonly store?: CacheStore | undefined;
  /** What the keys begin with in a store that others use, too. @default 'cache:' */
  readonly prefix?: string | undefined;
  /** Headers of the request by which answers differ, beside those that an answer names in `Vary`. @default [] */
  readonly vary?: readonly string[] | undefined;
  /** What takes the place of host and URL in the key: `(req) => req.params.id`. Who asks stays a part of it. @default host and URL */
  readonly key?: ((req: HttpRequest) => string) | undefined;
  /**
   * The answers are the same for everybody: neither principal nor credentials make a difference. Wrong where they do: one user is given
   * the answer to another. @default false
   */
  readonly isSameForAll?: boolean | undefined;
  /** Larger bodies pass through and are not kept. Raising it takes memory for each that is being written. @default 1048576 (1 MB) */
  readonly maxBodyBytes?: number | undefined;
  /** Milliseconds for which a request waits for the same one that runs already, before it runs for itself. @default 30000 */
  readonly waitMs?: number | undefined;
  /** Milliseconds for which a store is waited for. @default 250 */
  readonly storeTimeoutMs?: number | undefined;
  /** Told of a store that fails, and of answers that became somebody's own while they were made. @default standard error */
  readonly log?: Log | undefined;
}

export interface CacheTable {
  readonly store: Option<CacheStore | undefined>;
  readonly prefix: Option<string>;
  readonly vary: Option<readonly string[]>;
  readonly key: Option<((req: HttpRequest) => string) | undefined>;
  readonly isSameForAll: Option<boolean>;
  readonly maxBodyBytes: Option<number>;
  readonly waitMs: Option<number>;
  readonly storeTimeoutMs: Option<number>;
  readonly log: Option<Log>;
}

export type ResolvedCache = Resolved<CacheTable & Record<string, Option<unknown>>> & {
  readonly [K in keyof CacheTable]: CacheTable[K] extends Option<infer V> ? V : never;
};

export const CACHE_TABLE: CacheTable & Record<string, Option<unknown>> = {
  store: {
    takes: 'a store with get, set and delete: memoryCacheStore({ maxBytes })',
    fallback: () => undefined,
    read: (value) => {
      const store = value as Partial<Record<string, unknown>> | null;
      const isStore = typeof store === 'object' && store !== null;
      if (!isStore || !['get', 'set', 'delete'].every((step) => typeof store[step] === 'function')) throw new OptionProblem();
      return value as CacheStore;
    },
  },
  prefix: {
    takes: 'a text of up to 64 characters',
    fallback: () => 'cache:',
    read: (value) => {
      if (typeof value !== 'string' || value.length > 64) throw new OptionProblem();
      return value;
    },
  },
  vary: {
    takes: 'a list of names of headers',
    fallback: () => [],
    read: (value) => {
      if (!Array.isArray(value) || value.some((name) => typeof name !== 'string' || !/^[\w-]+$/.test(name)))
        throw new OptionProblem();
      return Object.freeze(value.map((name: string) => name.toLowerCase()));
    },
  },
  key: functionOption('a function of the request that answers a text'),
  isSameForAll: booleanOption(false),
  maxBodyBytes: integerOption('bytes', { min: 1, max: 1_073_741_824 }, () => 1_048_576),
  waitMs: integerOption('milliseconds', { min: 1, max: 600_000 }, () => 30_000),
  storeTimeoutMs: integerOption('milliseconds', { min: 1, max: 60_000 }, () => 250),
  log: logOption(consoleLog),
};
