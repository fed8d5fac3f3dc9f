import { describe, expect, it } from 'vitest';
import { runMixedFaults } from './mixed-faults.ts';

/** The whole run as a person reads it. */
function timeline(seed: number, hasClockSteps = true): string {
  const lines: string[] = [];
  const run = runMixedFaults(seed, { hasClockSteps, onLine: (atMs, line) => lines.push(`${atMs} ${line}`) });
  return [...lines, JSON.stringify(run)].join('\n');
}

/**
 * Seeds that failed once, and why.
 * 98: a doubt about a crashed process asked helpers that had crashed too, which was a doubt about each of them, and so on
 *     without a bound.
 * 3, 19, 22: processes that never heard of each other could not meet when both seeds were gone: a fault of the simulation.
 * 740: local health came back so slowly that a death was noticed after 40 s.
 */
const ONCE_FAILED = [3, 19, 22, 98, 740];

describe('fleets in which everything goes wrong, and then nothing', { timeout: 60_000 }, () => {
  it('keep every promise on the way, and agree on the truth within a minute of quiet', () => {
    const failed = Array.from({ length: 100 }, (_, index) => runMixedFaults(index + 1)).filter(
      ({ broken, divergence }) => broken !== undefined || divergence.length > 0,
    );
    expect(failed).toEqual([]);
  });

  it.each(ONCE_FAILED)('seed %i, which failed once, does not', (seed) => {
    const { broken, divergence, wholeAfterMs } = runMixedFaults(seed);
    expect([broken, divergence]).toEqual([undefined, []]);
    expect(wholeAfterMs).toBeLessThan(40_000);
  });

  it('of the same seed have the same run, to the byte, and of another seed another', () => {
    const first = timeline(7);
    expect(first.length).toBeGreaterThan(2_000);
    expect(timeline(7)).toBe(first);
    expect(timeline(8)).not.toBe(first);
  });

  it('do not notice that wall clocks are set a day forward or back', () => {
    for (let seed = 1; seed <= 10; seed++) expect(timeline(seed, false)).toBe(timeline(seed, true));
  });
});
