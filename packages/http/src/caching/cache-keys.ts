import { show } from '@express-micro/core';
import { httpError, misuse } from '../errors.ts';
import type { HttpRequest } from '../middleware.ts';
import { digestOf, headerValues, identityOf } from './cache-key.ts';
import type { ResolvedCache } from './cache-options.ts';
import type { CacheStore } from './cache-store.ts';

/** Under which keys a cache looks for what a request asks for. */
export interface CacheKeys {
  /** Who asks, for what, by the headers that answers are known to differ by. */
  base(req: HttpRequest, who: string): string;
  /** The same, and by the headers that an answer named. */
  variant(base: string, req: HttpRequest, variesBy: readonly string[]): string;
  /** `undefined` where it cannot be told who asks. */
  identity(req: HttpRequest): string | undefined;
  /** From now on all keys are others. */
  renew(): void;
}

/** By which apps and frameworks know where they are: what a client writes there must be in its own answer alone. */
const FORWARDED = ['x-forwarded-host', 'x-forwarded-proto'];

export function cacheKeys(space: string, { key, vary, isSameForAll }: ResolvedCache): CacheKeys {
  let generation = 0;

  function placeOf(req: HttpRequest): unknown {
    const own: unknown = key?.(req);
    if (typeof own === 'string' || typeof own === 'number') return own;
    if (own !== undefined)
      throw misuse(
        `Option "key" of withCache() answered ${show(own)}; it has to answer a text, at once: otherwise all requests are one.`,
      );
    const isEncrypted = (req.socket as { encrypted?: boolean } | undefined)?.encrypted === true;
    return [req.headers.host ?? '', ...headerValues(req, FORWARDED), isEncrypted, req.originalUrl ?? req.url ?? ''];
  }

  return {
    identity: (req) => (isSameForAll ? '' : identityOf(req)),
    base: (req, who) => space + digestOf(who, placeOf(req), headerValues(req, vary), generation),
    variant: (base, req, variesBy) =>
      variesBy.length === 0 ? base : space + digestOf(base, variesBy, headerValues(req, variesBy)),
    renew() {
      generation += 1;
    },
  };
}

/** Of each store the prefixes in use, and whether keys of an app's own making stand behind them. */
const claimed = new WeakMap<CacheStore, Map<string, boolean>>();

/** Two caches with keys of their own making (an id, say) would give out each other's answers under one prefix. */
export function claimPrefix(store: CacheStore, prefix: string, hasOwnKeys: boolean): void {
  const prefixes = claimed.get(store) ?? new Map<string, boolean>();
  claimed.set(store, prefixes);
  const before = prefixes.get(prefix);
  if (before === true || (before === false && hasOwnKeys)) {
    throw httpError(
      'HTTP_OPTION_INVALID',
      `withCache() with a "key" shares the prefix "${prefix}" with another cache of the same store, and may be given its answers. Give it another: { prefix: 'cache:products:' }; or use one cache in both places.`,
      { details: { option: 'prefix' } },
    );
  }
  prefixes.set(prefix, hasOwnKeys);
}
