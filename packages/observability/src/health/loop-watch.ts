import type { Clock } from '@express-micro/core';

/** Whether the event loop stalls: then probes are answered late, and so is everybody else. */
export interface LoopWatch {
  isStalled(): boolean;
  /** Milliseconds by which the loop is late, or was at the last look. */
  readonly delayMs: number;
  stop(): void;
}

const LOOK_MS = 100;
/** One long turn is a mishap; so many in that time are a state. */
const STALLS = 3;
const WINDOW_MS = 10_000;

export function watchLoop(maxDelayMs: number, clock: Clock): LoopWatch {
  let dueAtMs = clock.monotonicMs() + LOOK_MS;
  let delayMs = 0;
  let stalls: number[] = [];

  const timer = clock.every(LOOK_MS, () => {
    const now = clock.monotonicMs();
    delayMs = Math.max(0, now - dueAtMs);
    dueAtMs = now + LOOK_MS;
    if (delayMs > maxDelayMs) stalls = [...stalls, now].slice(-STALLS);
  });

  return {
    isStalled() {
      const now = clock.monotonicMs();
      // In the turn after a stall a probe may run before the timer does.
      const overdue = now - dueAtMs > maxDelayMs ? 1 : 0;
      return stalls.filter((atMs) => now - atMs < WINDOW_MS).length + overdue >= STALLS;
    },
    get delayMs() {
      return Math.round(Math.max(delayMs, clock.monotonicMs() - dueAtMs, 0));
    },
    stop: () => timer.stop(),
  };
}
