/** An answer as it is kept and given again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export interface Attempt {
  /** Who runs it: only the same owner may renew, complete or release it. */
  readonly owner: string;
  /** Of the payload. Kept with the key, so that another payload under it is recognised. */
  readonly fingerprint: string;
  /** After so long without a word the owner has crashed, and the key is free. */
  readonly leaseMs: number;
}

export type Begun =
  | { readonly state: 'begun' }
  | { readonly state: 'in-flight'; readonly fingerprint: string }
  | { readonly state: 'done'; readonly fingerprint: string; readonly answer: StoredAnswer };

/**
 * Where the answers to requests with an `Idempotency-Key` are kept. `begin` has to be atomic: of any number at once, in all
 * processes that share the store, one begins. Keys are 64 hex digits.
 *
 * A call that throws is an answer of 500 for the client, and nothing runs.
 */
export interface IdempotencyStore {
  begin(key: string, attempt: Attempt): Promise<Begun>;
  /** The owner is still at work: the lease begins anew. */
  renew(key: string, owner: string, leaseMs: number): Promise<void>;
  /** Keeps the answer for `ttlMs`. Nothing happens when the owner has lost the key meanwhile. */
  complete(key: string, owner: string, answer: StoredAnswer, ttlMs: number): Promise<void>;
  /** Forgets the attempt, so that the next one runs. Nothing happens when the owner has lost the key meanwhile. */
  release(key: string, owner: string): Promise<void>;
}
