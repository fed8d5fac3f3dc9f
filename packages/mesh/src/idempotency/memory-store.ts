import type { Clock } from '@express-micro/core';
import type { IdempotencyStore, StoredAnswer } from './store.ts';

export interface MemoryStoreLimits {
  /** Answers kept; the oldest go first. */
  readonly maxAnswers: number;
  /** Bytes of their bodies, together. */
  readonly maxBytes: number;
}

const LIMITS: MemoryStoreLimits = Object.freeze({ maxAnswers: 10_000, maxBytes: 67_108_864 });

interface Running {
  readonly owner: string;
  readonly fingerprint: string;
  leaseEndsAtMs: number;
}

interface Done {
  readonly fingerprint: string;
  readonly answer: StoredAnswer;
  readonly forgetAtMs: number;
}

/**
 * Keeps answers in this process: for one instance, and until it restarts. Several instances of a service need a store that
 * they share, because a client's next attempt may reach another one.
 */
export function createMemoryStore(clock: Clock, limits: MemoryStoreLimits = LIMITS): IdempotencyStore {
  const running = new Map<string, Running>();
  /** In the order in which they were answered. */
  const done = new Map<string, Done>();
  let bytes = 0;

  function forget(key: string, { answer }: Done): void {
    done.delete(key);
    bytes -= answer.body.byteLength;
  }

  function ownedBy(key: string, owner: string): Running | undefined {
    const entry = running.get(key);
    return entry?.owner === owner ? entry : undefined;
  }

  return {
    async begin(key, { owner, fingerprint, leaseMs }) {
      const now = clock.monotonicMs();
      const kept = done.get(key);
      if (kept !== undefined && now < kept.forgetAtMs)
        return { state: 'done', fingerprint: kept.fingerprint, answer: kept.answer };
      if (kept !== undefined) forget(key, kept);
      const other = running.get(key);
      if (other !== undefined && now < other.leaseEndsAtMs) return { state: 'in-flight', fingerprint: other.fingerprint };
      running.set(key, { owner, fingerprint, leaseEndsAtMs: now + leaseMs });
      return { state: 'begun' };
    },

    async renew(key, owner, leaseMs) {
      const entry = ownedBy(key, owner);
      if (entry !== undefined) entry.leaseEndsAtMs = clock.monotonicMs() + leaseMs;
    },

    async complete(key, owner, answer, ttlMs) {
      const entry = ownedBy(key, owner);
      if (entry === undefined) return;
      running.delete(key);
      done.set(key, { fingerprint: entry.fingerprint, answer, forgetAtMs: clock.monotonicMs() + ttlMs });
      bytes += answer.body.byteLength;
      for (const [oldest, each] of done) {
        if (done.size <= limits.maxAnswers && bytes <= limits.maxBytes) break;
        forget(oldest, each);
      }
    },

    async release(key, owner) {
      if (ownedBy(key, owner) !== undefined) running.delete(key);
    },
  };
}
