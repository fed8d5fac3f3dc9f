import type { Clock } from './clock.ts';

/** Waits for `work`, at most `timeoutMs`. Answers whether it ended in time; a rejection counts as ended. */
export function settlesWithin(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    // Somebody awaits this: a process that ended here would end in the middle of closing.
    const timer = clock.after(timeoutMs, () => resolve(false), { keepsAlive: true });
    const ended = () => {
      timer.stop();
      resolve(true);
    };
    work.then(ended, ended);
  });
}
