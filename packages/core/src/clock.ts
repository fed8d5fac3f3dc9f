/** A timer that can be stopped. Stopping it twice, or after it fired, does nothing. */
export interface Timer {
  stop(): void;
}

/**
 * Time, from outside, so that tests own it.
 *
 * Timers do not keep the process alive, unless somebody awaits them and says so.
 */
export interface Clock {
  /** Milliseconds on a clock that only goes forward; for durations and deadlines. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; for what is shown to people or compared between machines. May jump. */
  epochMs(): number;
  after(delayMs: number, run: () => void, options?: { readonly keepsAlive: boolean }): Timer;
  every(intervalMs: number, run: () => void, options?: { readonly keepsAlive: boolean }): Timer;
}

/** Node refuses longer timers and fires them at once; we wait this long at most. */
const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = Object.freeze({
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs: number, run: () => void, options?: { readonly keepsAlive: boolean }): Timer {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    if (options?.keepsAlive !== true) timer.unref();
    return { stop: () => clearTimeout(timer) };
  },
  every(intervalMs: number, run: () => void, options?: { readonly keepsAlive: boolean }): Timer {
    const timer = setInterval(run, Math.min(Math.max(intervalMs, 1), MAX_TIMER_MS));
    if (options?.keepsAlive !== true) timer.unref();
    return { stop: () => clearInterval(timer) };
  },
});
