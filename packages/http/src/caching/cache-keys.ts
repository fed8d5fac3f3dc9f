import type { HttpRequest } from '../middleware.ts';
import { digestOf, headerValues, identityOf } from './cache-key.ts';
import type { ResolvedCache } from './cache-options.ts';

/** Under which keys a cache looks for what a request asks for. */
export interface CacheKeys {
  /** Who asks, for what, by the headers that answers are known to differ by. */
  base(req: HttpRequest): string;
  /** The same, and by the headers that an answer named. */
  variant(base: string, req: HttpRequest, variesBy: readonly string[]): string;
  identity(req: HttpRequest): string;
  /** From now on all keys are others. */
  renew(): void;
}

export function cacheKeys(space: string, { key, vary, isSameForAll }: ResolvedCache): CacheKeys {
  let generation = 0;
  const identity = (req: HttpRequest): string => (isSameForAll ? '' : identityOf(req));
  return {
    identity,
    base(req) {
      const place = key?.(req) ?? [req.headers.host ?? '', req.originalUrl ?? req.url ?? ''];
      return space + digestOf(identity(req), place, headerValues(req, vary), generation);
    },
    variant: (base, req, variesBy) =>
      variesBy.length === 0 ? base : space + digestOf(base, variesBy, headerValues(req, variesBy)),
    renew() {
      generation += 1;
    },
  };
}
