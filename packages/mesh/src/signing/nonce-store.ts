import type { Random } from '@express-micro/core';
import { createNonceTable, type NonceTable } from './nonce-table.ts';
import { NONCE_LENGTH } from './params.ts';

/** `stale`: so old, or the clock so far back, that we no longer know whether we have seen it. */
type NonceClaim = 'fresh' | 'seen' | 'stale' | 'full';

export interface NonceStore {
  /** Takes a nonce for good; `fresh` is answered once. Call it for messages whose signature and time were right. */
  claim(nonce: string, createdSeconds: number, nowSeconds: number): NonceClaim;
  readonly size: number;
}

export interface NonceStoreOptions {
  /** How far `created` may be from now, to either side. @default 60 */
  readonly windowSeconds?: number;
  /**
   * Nonces a generation, which is one window long: calls a second × 60. More refuses honest calls later; each costs
   * 16 bytes while it is used. When it is full new messages are refused, and none is forgotten.
   *
   * @default 1,000,000
   */
  readonly capacity?: number;
}

interface Generation {
  /** Which window of `created` it covers: `floor(created / window)`. */
  readonly index: number;
  readonly table: NonceTable;
  newestCreated: number;
}

const DEFAULT_WINDOW_SECONDS = 60;
const DEFAULT_CAPACITY = 1_000_000;
/** Honest time needs two or three. A clock that jumps about leaves more behind; then the oldest goes, with its time. */
const MAX_GENERATIONS = 8;

/**
 * Remembers each nonce as long as its message could be accepted.
 *
 * Generations are by the message's own `created`, not by when it came: one ends when nothing in it can be accepted any
 * more, with clocks 60 s apart to either side as well. The wall clock may also be set back after that, which makes
 * old messages look new again. So what is forgotten leaves its time behind: nothing created up to then is taken ever
 * again. In steady time that line stays below the window and refuses nobody.
 */
export function createNonceStore(options: NonceStoreOptions = {}): NonceStore {
  const window = options.windowSeconds ?? DEFAULT_WINDOW_SECONDS;
  const capacity = options.capacity ?? DEFAULT_CAPACITY;
  /** Oldest first. */
  let generations: Generation[] = [];
  let forgottenUpTo = Number.NEGATIVE_INFINITY;
  /** Nothing ends before; spares looking at every claim. */
  let nextEnd = Number.POSITIVE_INFINITY;

  const endOf = (generation: Generation): number => (generation.index + 1) * window + window;
  const forget = (generation: Generation): void => {
    forgottenUpTo = Math.max(forgottenUpTo, generation.newestCreated);
  };
  const settle = (): void => {
    nextEnd = generations.reduce((end, generation) => Math.min(end, endOf(generation)), Number.POSITIVE_INFINITY);
  };
  const forgetEnded = (nowSeconds: number): void => {
    for (const generation of generations) if (endOf(generation) < nowSeconds) forget(generation);
    generations = generations.filter((generation) => endOf(generation) >= nowSeconds);
    settle();
  };
  const generationOf = (index: number): Generation | undefined => {
    const known = generations.find((generation) => generation.index === index);
    if (known !== undefined) return known;
    const [oldest, ...others] = generations;
    if (generations.length >= MAX_GENERATIONS && oldest !== undefined) {
      // The one that is asked for would itself have to go, and with it what is about to be remembered.
      if (index < oldest.index) return undefined;
      forget(oldest);
      generations = others;
    }
    const made: Generation = { index, table: createNonceTable(), newestCreated: Number.NEGATIVE_INFINITY };
    generations = [...generations, made].sort((a, b) => a.index - b.index);
    settle();
    return made;
  };

  return {
    get size(): number {
      return generations.reduce((sum, generation) => sum + generation.table.size, 0);
    },
    claim(nonce: string, createdSeconds: number, nowSeconds: number): NonceClaim {
      if (nowSeconds > nextEnd) forgetEnded(nowSeconds);
      if (createdSeconds <= forgottenUpTo) return 'stale';
      const high = wordAt(nonce, 0);
      // Two zeros mark an empty slot.
      const low = high === 0 ? wordAt(nonce, 6) | 1 : wordAt(nonce, 6);
      // In all of them: a nonce taken twice under two times is no accident either.
      for (const generation of generations) if (generation.table.has(high, low >>> 0)) return 'seen';
      const generation = generationOf(Math.floor(createdSeconds / window));
      if (generation === undefined || generation.table.size >= capacity) return 'full';
      generation.table.add(high, low >>> 0);
      generation.newestCreated = Math.max(generation.newestCreated, createdSeconds);
      return 'fresh';
    },
  };
}

/** 32 of the 36 bits of six base64url characters. Two words are plenty: a million nonces meet by chance once in 10¹³ calls. */
function wordAt(nonce: string, from: number): number {
  let word = 0;
  for (let index = from; index < from + 6; index += 1) word = (word << 6) | sixBits(nonce.charCodeAt(index));
  return word >>> 0;
}

function sixBits(code: number): number {
  if (code >= 97) return code - 71;
  if (code >= 65) return code === 95 ? 63 : code - 65;
  return code === 45 ? 62 : code + 4;
}

/** Bytes are asked for in pages: one call to the generator costs as much as the whole signature. */
const PAGE_NONCES = 256;
const NONCE_BYTES = 16;

/** A source of nonces for {@link signRequest}. */
export function createNonceSource(random: Random): () => string {
  let page: string[] = [];
  return () => {
    const next = page.pop();
    if (next !== undefined) return next;
    const bytes = random.bytes(PAGE_NONCES * NONCE_BYTES);
    page = Array.from({ length: PAGE_NONCES }, (_, index) =>
      bytes.toString('base64url', index * NONCE_BYTES, (index + 1) * NONCE_BYTES),
    );
    return page.pop() ?? bytes.toString('base64url', 0, NONCE_BYTES).slice(0, NONCE_LENGTH);
  };
}
