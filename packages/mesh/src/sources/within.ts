import type { Clock } from '@express-micro/core';

/** What an engine answers, or an error when that takes too long: some clients wait for a connection without an end. */
export function within<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => reject(new Error(`no answer in ${timeoutMs} ms`)));
    void work.then(resolve, reject).finally(() => timer.stop());
  });
}
