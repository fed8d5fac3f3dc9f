import { describe, expect, it } from 'vitest';
import { createLoopLoad, isTooLate, LOOP_SAMPLE_MS, sampleLoop } from './loop-load.ts';

const REFUSAL_MS = 0.05;

/**
 * An event loop that does nothing but compute: each turn serves what has arrived since the one before began. `mishaps` are
 * requests that take very long, at their times.
 */
function simulate(untilMs: number, ratePerSecond: number, workMs: number, mishaps: Readonly<Record<number, number>> = {}) {
  const state = createLoopLoad(200);
  const took: number[] = [];
  let refused = 0;
  let now = 0;
  let nextArrivalMs = 0;
  let sampleDueMs = LOOP_SAMPLE_MS;
  let arrivals: number[] = [];
  const hurts = new Map(Object.entries(mishaps).map(([at, ms]) => [Number(at), ms]));
  while (now < untilMs) {
    if (now >= sampleDueMs) {
      sampleLoop(state, now, now - sampleDueMs);
      sampleDueMs = now + LOOP_SAMPLE_MS;
    }
    arrivals = [];
    for (; nextArrivalMs <= now; nextArrivalMs += 1_000 / ratePerSecond) arrivals.push(nextArrivalMs);
    const turnMs = now;
    for (const arrivalMs of arrivals) {
      if (state.isBusy && isTooLate(state, now, turnMs)) {
        refused += 1;
        now += REFUSAL_MS;
        continue;
      }
      const [hurt] = [...hurts.keys()].filter((at) => at <= now);
      now += hurt === undefined ? workMs : (hurts.get(hurt) as number);
      if (hurt !== undefined) hurts.delete(hurt);
      took.push(now - arrivalMs);
    }
    now = Math.max(now, Math.min(nextArrivalMs, sampleDueMs));
  }
  const sorted = took.slice(Math.floor(took.length / 4)).sort((a, b) => a - b);
  return {
    refused,
    isBusy: state.isBusy,
    goodput: (took.length * 1_000) / now,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  };
}

describe('an event loop that computes', () => {
  it('in an overload of three times what it can, keeps its goodput and answers in two turns', () => {
    const { goodput, p99, isBusy } = simulate(30_000, 1_500, 2);
    expect(isBusy).toBe(true);
    expect(goodput / 500).toBeGreaterThan(0.8);
    expect(p99).toBeLessThan(400);
  });

  it('at 95 % of what it can, and in a burst of a second, refuses nothing', () => {
    expect(simulate(30_000, 475, 2)).toMatchObject({ refused: 0, isBusy: false });
    expect(simulate(30_000, 100, 2, { 5000: 900 })).toMatchObject({ refused: 0, isBusy: false });
    expect(simulate(30_000, 100, 2, { 5000: 300, 5400: 300, 9000: 500 })).toMatchObject({ refused: 0, isBusy: false });
  });

  it('is busy when it is late again and again, and calm a second after the last of it', () => {
    const state = createLoopLoad(200);
    const busy = [250, 250, 100, 250, 250, 250].map((delayMs, index) => {
      sampleLoop(state, index * 100, delayMs);
      return state.isBusy;
    });
    expect(busy).toEqual([false, false, false, false, false, true]);
    expect(isTooLate(state, 1_000, 901)).toBe(false);
    expect(isTooLate(state, 1_000, 900)).toBe(true);
    sampleLoop(state, 1_999, 0);
    expect(state.isBusy).toBe(true);
    sampleLoop(state, 2_000, 0);
    expect(state.isBusy).toBe(false);
  });
});
