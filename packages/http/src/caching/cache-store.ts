/** An answer as it is kept. */
export interface CachedAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string | readonly string[]])[];
  readonly body: Uint8Array;
  /** The headers of the request that its `Vary` named, whoever wrote that. */
  readonly variesBy: readonly string[];
  /** Milliseconds since 1970, as stores that several processes share want it. */
  readonly storedAtMs: number;
  readonly endsAtMs: number;
}

/** Which headers of the request the answers of this address differ by: each of those has its own entry. */
export interface CachedVariants {
  readonly kind: 'variants';
  readonly headers: readonly string[];
  readonly endsAtMs: number;
}

/** What comes from here cannot be shared: nobody waits for somebody else's answer. */
export interface CachedRefusal {
  readonly kind: 'refusal';
  readonly endsAtMs: number;
}

export type CacheEntry = CachedAnswer | CachedVariants | CachedRefusal;

/** Where answers are kept. One that fails or is slow is gone on without; what is over may be forgotten at any time. */
export interface CacheStore {
  get(key: string): CacheEntry | undefined | Promise<CacheEntry | undefined>;
  set(key: string, entry: CacheEntry, ttlMs: number): void | Promise<void>;
  delete(key: string): void | Promise<void>;
}
