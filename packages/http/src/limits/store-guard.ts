import type { Clock, Log } from '@express-micro/core';
import { createWithin } from '../within.ts';

/** Asks what may be slow or gone: each request for so long and no longer, and none of them while it is known to be gone. */
export interface StoreGuard {
  /** Rejects when the work does, is too slow, or is not tried. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export interface StoreGuardOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What happens to requests meanwhile, for the log. */
  readonly meanwhile: string;
}

/** Failures one after the other by which it counts as gone. One slow answer is not yet that. */
const FAILURES = 3;
/** While it is gone, one request at a time finds out, this often, whether it is back. */
const PROBE_EVERY_MS = 500;

export function createStoreGuard({ name, timeoutMs, clock, log, meanwhile }: StoreGuardOptions): StoreGuard {
  const within = createWithin(clock);
  let failures = 0;
  let nextProbeAtMs = 0;

  function succeeded(): void {
    if (failures >= FAILURES) log.info(`${name} answers again`);
    failures = 0;
  }

  function failed(error: unknown): void {
    failures += 1;
    nextProbeAtMs = clock.monotonicMs() + PROBE_EVERY_MS;
    if (failures === FAILURES) log.error(`${name} does not answer: ${textOf(error)}. Until it does, ${meanwhile}`);
  }

  return {
    run<T>(work: () => Promise<T>): Promise<T> {
      if (failures >= FAILURES) {
        if (clock.monotonicMs() < nextProbeAtMs) return Promise.reject(new Error(`${name} did not answer lately`));
        nextProbeAtMs = clock.monotonicMs() + PROBE_EVERY_MS;
      }
      return within(timeoutMs, work).then(
        (value) => {
          succeeded();
          return value;
        },
        (error: unknown) => {
          failed(error);
          throw error;
        },
      );
    },
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
