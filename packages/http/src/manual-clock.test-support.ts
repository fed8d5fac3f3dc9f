import type { Clock, Log } from '@express-micro/core';

/** Time that goes on when a test says so. */
export function manualClock(startMs = 1_700_000_000_000): Clock & {
  pass(ms: number): void;
  /** As a process that is kept busy: what was due meanwhile comes at the end of it. */
  stall(ms: number): void;
} {
  let nowMs = 0;
  const timers = new Map<number, { atMs: number; run: () => void; everyMs: number | undefined }>();
  let ids = 0;
  const add = (delayMs: number, run: () => void, everyMs?: number) => {
    const id = ids++;
    timers.set(id, { atMs: nowMs + delayMs, run, everyMs });
    return { stop: () => void timers.delete(id) };
  };
  return {
    monotonicMs: () => nowMs,
    epochMs: () => startMs + nowMs,
    after: (delayMs, run) => add(delayMs, run),
    every: (everyMs, run) => add(everyMs, run, everyMs),
    stall(ms) {
      nowMs += ms;
      this.pass(0);
    },
    pass(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const due = [...timers].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        const [id, { atMs, run, everyMs }] = due;
        nowMs = Math.max(nowMs, atMs);
        if (everyMs === undefined) timers.delete(id);
        else timers.set(id, { atMs: atMs + everyMs, run, everyMs });
        run();
      }
      nowMs = endMs;
    },
  };
}

export function recordedLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
