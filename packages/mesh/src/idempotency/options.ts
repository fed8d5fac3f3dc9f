import type { IncomingMessage } from 'node:http';
import { booleanOption, functionOption, integerOption, type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { meshError } from '../errors.ts';
import type { IdempotencyStore } from './store.ts';

/** What `idempotent()` takes. */
export interface IdempotencyOptions {
  /** Refuses a request without the header, with 400. @default false */
  readonly required?: boolean | undefined;
  /** Milliseconds for which an answer is kept. Raising it costs memory; lowering it runs late attempts again. @default 86400000 */
  readonly ttlMs?: number | string | undefined;
  /**
   * Milliseconds after which a process that went silent has crashed, and its key is free. Raising it refuses the next attempt
   * for longer after a crash; lowering it may run a request twice that a process was only stopped in. @default 60000
   */
  readonly leaseMs?: number | string | undefined;
  /** Longest body of a request, in bytes; it is held. Beyond it: 413. @default 1048576 */
  readonly maxRequestBytes?: number | string | undefined;
  /** Longest body of an answer that is kept, in bytes; a request with a longer one runs again when it comes again. @default 1048576 */
  readonly maxResponseBytes?: number | string | undefined;
  /** Names of more headers of the answer to keep. @default none beside those of the content, `ETag`, `Location`, `Link` and caching */
  readonly headers?: readonly string[] | undefined;
  /** Whose key it is, for example the id of a user. @default the verified service, else the `Authorization` or `Cookie` header */
  readonly caller?: ((req: IncomingMessage) => string) | undefined;
  /** Where answers are kept. Several instances need one that they share. @default the memory of this process */
  readonly store?: IdempotencyStore | undefined;
}

export interface ResolvedIdempotency {
  readonly required: boolean;
  readonly ttlMs: number;
  readonly leaseMs: number;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly headers: readonly string[];
  readonly caller: ((req: IncomingMessage) => string) | undefined;
  readonly store: IdempotencyStore | undefined;
}

const METHODS = ['begin', 'renew', 'complete', 'release'] as const;

const TABLE: { readonly [K in keyof ResolvedIdempotency]: Option<ResolvedIdempotency[K]> } = {
  required: booleanOption(false),
  ttlMs: integerOption('milliseconds', { min: 1, max: 31_536_000_000 }, () => 86_400_000),
  leaseMs: integerOption('milliseconds', { min: 1_000, max: 3_600_000 }, () => 60_000),
  maxRequestBytes: integerOption('a number of bytes', { min: 1, max: 1_073_741_824 }, () => 1_048_576),
  maxResponseBytes: integerOption('a number of bytes', { min: 1, max: 1_073_741_824 }, () => 1_048_576),
  headers: {
    takes: 'a list of header names',
    fallback: () => [],
    read: (value) => {
      if (!Array.isArray(value) || value.some((name) => typeof name !== 'string' || !/^[\w-]+$/.test(name)))
        throw new OptionProblem();
      return Object.freeze([...value]);
    },
  },
  caller: functionOption<(req: IncomingMessage) => string>('a function (req) => string'),
  store: {
    takes: `an object with the methods ${METHODS.join(', ')}`,
    fallback: () => undefined,
    read: (value) => {
      const store = value as IdempotencyStore | null;
      if (typeof store !== 'object' || METHODS.some((method) => typeof store?.[method] !== 'function')) throw new OptionProblem();
      return store as IdempotencyStore;
    },
  },
};

/** @throws MESH_OPTION_INVALID */
export function resolveIdempotencyOptions(given: unknown): ResolvedIdempotency {
  return resolveOptions('idempotent()', TABLE, given, (message, details) =>
    meshError('MESH_OPTION_INVALID', message, { details }),
  );
}
