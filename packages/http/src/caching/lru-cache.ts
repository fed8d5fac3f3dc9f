import { integerOption, resolveOptions } from '@express-micro/core';
import { LRUCache } from 'lru-cache';
import { optionInvalid } from '../errors.ts';
import type { CacheEntry, CacheStore } from './cache-store.ts';

export interface MemoryCacheStoreOptions {
  /** Bytes of all answers together, what is kept beside the bodies included. What was asked for longest ago goes. @default 67108864 (64 MB) */
  readonly maxBytes?: number | undefined;
}

const MB = 1_048_576;
const TABLE = { maxBytes: integerOption('bytes', { min: MB / 16, max: 64 * 1024 * MB }, () => 64 * MB) };
/** Of an entry, beside its texts. */
const OVERHEAD_BYTES = 400;

/** Keeps answers in this process. @throws HTTP_OPTION_INVALID */
export function memoryCacheStore(options: MemoryCacheStoreOptions = {}): CacheStore {
  const { maxBytes } = resolveOptions('memoryCacheStore()', TABLE, options, optionInvalid);
  // When an entry is over is written in it, and read with the clock of whoever asks.
  const entries = new LRUCache<string, CacheEntry>({ maxSize: maxBytes, sizeCalculation: sizeOf });
  return Object.freeze({
    get: (key: string) => entries.get(key),
    set(key: string, entry: CacheEntry): void {
      entries.set(key, entry);
    },
    delete(key: string): void {
      entries.delete(key);
    },
  });
}

function sizeOf(entry: CacheEntry, key: string): number {
  const size = OVERHEAD_BYTES + 2 * key.length;
  if (entry.kind === 'refusal') return size;
  if (entry.kind === 'variants') return size + 2 * entry.headers.join().length;
  const headers = entry.headers.reduce((sum, [name, value]) => sum + 50 + 2 * (name.length + String(value).length), 0);
  return size + headers + entry.body.byteLength;
}
