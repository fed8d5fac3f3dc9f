import { type Clock, printable } from '@express-micro/core';
import { reasonOf } from '../reason.ts';
import type { ResolvedCheck } from './options.ts';

/** What a check found. `word` is for everybody, `detail` for who may know. */
export interface CheckResult {
  readonly isUp: boolean;
  readonly latencyMs: number;
  readonly word?: string;
  readonly detail?: string;
}

/** Throws, or rejects, when what it looks at is not well. `signal` is aborted when nobody waits any more. */
export type CheckRun = (signal: AbortSignal) => unknown;

export interface Check {
  readonly isCritical: boolean;
  /** The last result, if there is one. */
  readonly last: CheckResult | undefined;
  /** Never rejects, and never takes longer than the check may. */
  look(): Promise<CheckResult>;
}

interface Flight {
  readonly beganAtMs: number;
  readonly result: Promise<CheckResult>;
  isOver: boolean;
}

/** A run that ignores its signal is given up after so many time-outs: else what is well again would never be seen. */
const GIVEN_UP_AFTER = 10;

/**
 * One check: run at most once at a time, however many probes ask, and not again while its result is young. So strangers who
 * ask in a loop cost what one balancer costs.
 */
export function createCheck(run: CheckRun, options: ResolvedCheck, clock: Clock, onChange: (now: CheckResult) => void): Check {
  const { timeoutMs, cacheMs, isCritical } = options;
  let last: CheckResult | undefined;
  let lastAtMs = 0;
  let flight: Flight | undefined;

  function keep(result: CheckResult): CheckResult {
    const isChange = result.isUp !== (last?.isUp ?? true);
    last = result;
    lastAtMs = clock.monotonicMs();
    if (isChange) onChange(result);
    return result;
  }

  function start(): Flight {
    const beganAtMs = clock.monotonicMs();
    const controller = new AbortController();
    const took = () => Math.round(clock.monotonicMs() - beganAtMs);
    const started: Flight = {
      beganAtMs,
      isOver: false,
      result: new Promise((resolve) => {
        const timer = clock.after(timeoutMs, () => {
          controller.abort(new Error(`no answer within ${timeoutMs} ms`));
          resolve(keep({ isUp: false, latencyMs: took(), word: 'timed out', detail: `no answer within ${timeoutMs} ms` }));
        });
        const over = (result: CheckResult) => {
          started.isOver = true;
          timer.stop();
          if (!controller.signal.aborted) resolve(keep(result));
        };
        // In a turn of its own: a check that throws at once is a rejection like any other.
        Promise.resolve()
          .then(() => run(controller.signal))
          .then(
            () => over({ isUp: true, latencyMs: took() }),
            (error: unknown) => over({ isUp: false, latencyMs: took(), word: 'failed', detail: printable(reasonOf(error), 300) }),
          );
      }),
    };
    return started;
  }

  return {
    isCritical,
    get last() {
      return last;
    },
    async look() {
      const nowMs = clock.monotonicMs();
      const isYoung = last !== undefined && nowMs - lastAtMs < cacheMs;
      if (last !== undefined && isYoung) return last;
      // One that has not come back, though nobody waits for it: another one beside it would hang as well.
      if (flight !== undefined && !flight.isOver && nowMs - flight.beganAtMs < timeoutMs * GIVEN_UP_AFTER) return flight.result;
      flight = start();
      return flight.result;
    },
  };
}
