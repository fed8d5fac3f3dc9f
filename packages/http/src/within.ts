import { type Clock, createExpiries } from '@express-micro/core';
import { isThenable } from './thenable.ts';

/** Waits for work so long and no longer. */
export type Within = <T>(timeoutMs: number, work: () => T | PromiseLike<T>) => Promise<T>;

/** A timer that comes later than that was kept by this process, which did nothing else either. */
const LATE_MS = 20;

/**
 * Rejects when the work does, or has not ended in time. Where this process stood still meanwhile (a long turn, the collector) the answer
 * may be there and not be read yet: the time then begins anew, once. Otherwise who keeps a process busy had it take its stores for gone.
 */
export function createWithin(clock: Clock): Within {
  const expire = createExpiries(clock);
  return (timeoutMs, work) =>
    new Promise((resolve, reject) => {
      const asked = work();
      if (!isThenable(asked)) {
        resolve(asked);
        return;
      }
      const giveUp = () => reject(new Error(`no answer within ${timeoutMs} ms`));
      const dueMs = clock.monotonicMs() + timeoutMs;
      let expiry = expire(timeoutMs, () => {
        if (clock.monotonicMs() - dueMs > LATE_MS) expiry = expire(timeoutMs, giveUp);
        else giveUp();
      });
      asked.then(
        (value) => {
          expiry.stop();
          resolve(value);
        },
        (error: unknown) => {
          expiry.stop();
          reject(error);
        },
      );
    });
}
