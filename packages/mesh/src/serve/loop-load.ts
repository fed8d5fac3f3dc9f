/**
 * Whether the event loop has more to do than it can: requests then wait where no latency shows it, before they are read.
 * Pure: told of delays and times.
 */
export interface LoopLoad {
  readonly maxDelayMs: number;
  isBusy: boolean;
  /** Late samples in a row. */
  late: number;
  /** When something last spoke for being busy. */
  busyAtMs: number;
}

/** Between two samples. */
export const LOOP_SAMPLE_MS = 100;
/** One long turn is a mishap; so many in a row are a state. */
const LATE_IN_A_ROW = 3;
/** Without a late sample and without a refusal for so long, it is over. */
const CALM_MS = 1_000;

export function createLoopLoad(maxDelayMs: number): LoopLoad {
  return { maxDelayMs, isBusy: false, late: 0, busyAtMs: Number.NEGATIVE_INFINITY };
}

/** A timer fired `delayMs` too late. */
export function sampleLoop(state: LoopLoad, nowMs: number, delayMs: number): void {
  state.late = delayMs > state.maxDelayMs ? state.late + 1 : 0;
  if (state.late >= LATE_IN_A_ROW) {
    state.isBusy = true;
    state.busyAtMs = nowMs;
  } else if (nowMs - state.busyAtMs >= CALM_MS) state.isBusy = false;
}

/**
 * Whether a request that came at `cameAtMs` is better refused: the loop is busy, and it has waited for half of what a turn
 * may take. So a turn answers what it can in that time and the rest costs next to nothing, however many there are.
 */
export function isTooLate(state: LoopLoad, nowMs: number, cameAtMs: number): boolean {
  if (nowMs - cameAtMs < state.maxDelayMs / 2) return false;
  state.busyAtMs = nowMs;
  return true;
}
