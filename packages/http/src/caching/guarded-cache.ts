import { type Clock, createExpiries, type Log } from '@express-micro/core';
import type { CacheEntry, CacheStore } from './cache-store.ts';

/** A store that never fails and never takes long: what it cannot say it does not know. */
export interface GuardedCache {
  get(key: string): Promise<CacheEntry | undefined>;
  set(key: string, entry: CacheEntry, nowMs: number): void;
}

export function guardCache(store: CacheStore, timeoutMs: number, clock: Clock, log: Log): GuardedCache {
  const expire = createExpiries(clock);
  let isFailing = false;

  function failed(error: unknown): void {
    if (!isFailing)
      log.warn(`the store of a cache fails: ${error instanceof Error ? error.message : error}. Answers are made anew meanwhile`);
    isFailing = true;
  }

  function works(): void {
    if (isFailing) log.info('the store of a cache works again');
    isFailing = false;
  }

  function within<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const asked = work();
      if (!(asked instanceof Promise)) return resolve(asked);
      const expiry = expire(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
      asked.then(resolve, reject).finally(() => expiry.stop());
    });
  }

  return {
    async get(key) {
      try {
        const entry = await within(() => store.get(key));
        works();
        return entry !== undefined && entry.endsAtMs > clock.epochMs() ? entry : undefined;
      } catch (error) {
        failed(error);
        return undefined;
      }
    },
    set(key, entry, nowMs) {
      within(() => store.set(key, entry, entry.endsAtMs - nowMs)).then(works, failed);
    },
  };
}
