import type { Clock, Log } from '@express-micro/core';
import { createWithin } from '../within.ts';
import type { CacheEntry, CacheStore } from './cache-store.ts';

/** A store that never fails and never takes long: what it cannot say it does not know. */
export interface GuardedCache {
  get(key: string): Promise<CacheEntry | undefined>;
  set(key: string, entry: CacheEntry, nowMs: number): void;
}

export function guardCache(store: CacheStore, timeoutMs: number, clock: Clock, log: Log): GuardedCache {
  const within = createWithin(clock);
  // Each apart: of a store that takes everything and gives nothing back it is not to be said in turns that it fails and that it works.
  const failing = new Set<'get' | 'set'>();

  function failed(step: 'get' | 'set', error: unknown): void {
    if (failing.size === 0)
      log.warn(`the store of a cache fails: ${error instanceof Error ? error.message : error}. Answers are made anew meanwhile`);
    failing.add(step);
  }

  function works(step: 'get' | 'set'): void {
    if (failing.delete(step) && failing.size === 0) log.info('the store of a cache works again');
  }

  return {
    async get(key) {
      try {
        // Databases say null.
        const entry = (await within(timeoutMs, () => store.get(key))) ?? undefined;
        if (entry !== undefined && !isEntry(entry)) throw new Error('it gave what is no entry, such as a body without its bytes');
        works('get');
        return entry !== undefined && entry.endsAtMs > clock.epochMs() ? entry : undefined;
      } catch (error) {
        failed('get', error);
        return undefined;
      }
    },
    set(key, entry, nowMs) {
      within(timeoutMs, () => store.set(key, entry, entry.endsAtMs - nowMs)).then(
        () => works('set'),
        (error: unknown) => failed('set', error),
      );
    },
  };
}

/** What comes from outside of this process need not be what was put there. */
function isEntry(entry: CacheEntry): boolean {
  if (typeof entry !== 'object' || !Number.isFinite(entry.endsAtMs)) return false;
  if (entry.kind === 'refusal') return true;
  if (entry.kind === 'variants') return Array.isArray(entry.headers);
  const { status, headers, body, variesBy, storedAtMs } = entry;
  const isWhole = Number.isInteger(status) && Number.isFinite(storedAtMs) && body instanceof Uint8Array;
  return entry.kind === 'answer' && isWhole && Array.isArray(headers) && Array.isArray(variesBy);
}
