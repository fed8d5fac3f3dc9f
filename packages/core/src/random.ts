import { randomBytes, randomUUID } from 'node:crypto';

/** Randomness, from outside, so that a test can replay a run. */
export interface Random {
  /** A number in [0, 1). Not for secrets. */
  next(): number;
  /** `size` unpredictable bytes. */
  bytes(size: number): Buffer;
  /** A random UUID, version 4. */
  uuid(): string;
}

export const systemRandom: Random = Object.freeze({ next: Math.random, bytes: randomBytes, uuid: () => randomUUID() });
