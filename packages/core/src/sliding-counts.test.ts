import { describe, expect, it } from 'vitest';
import { SlidingCounts } from './sliding-counts.ts';

const [A, B] = [0, 1];

describe('counts over a sliding window', () => {
  it('sparse: what happened now and then is counted for ten seconds and no longer', () => {
    const counts = new SlidingCounts(10_000, 2);
    counts.add(A, 500);
    counts.add(A, 4_500);
    counts.add(B, 4_500);
    expect([counts.count(A, 4_500), counts.count(B, 4_500)]).toEqual([2, 1]);
    expect([counts.count(A, 10_499), counts.count(B, 10_499)]).toEqual([1, 1]);
    expect([counts.count(A, 14_500), counts.count(B, 14_500)]).toEqual([0, 0]);
  });

  it('bursty: a thousand at once are a thousand, and leave together', () => {
    const counts = new SlidingCounts(10_000, 1);
    for (let i = 0; i < 1_000; i++) counts.add(A, 3_000);
    expect([counts.count(A, 12_999), counts.count(A, 13_000)]).toEqual([1_000, 0]);
  });

  it('idle, then resumed: nothing of before is left, and the new counts stay', () => {
    const counts = new SlidingCounts(10_000, 1);
    for (let i = 0; i < 25; i++) counts.add(A, i * 400);
    counts.add(A, 3_600_000);
    expect(counts.count(A, 3_600_001)).toBe(1);
    expect(counts.count(A, 3_609_000)).toBe(1);
  });

  it('a clock that steps back a little changes nothing, and one that jumps begins anew', () => {
    const counts = new SlidingCounts(10_000, 1);
    counts.add(A, 60_000);
    counts.add(A, 57_000);
    expect(counts.count(A, 60_000)).toBe(2);
    counts.add(A, 1_000);
    expect(counts.count(A, 1_000)).toBe(1);
    expect(counts.count(A, 1e12)).toBe(0);
  });

  it('a steady rate is a steady count, within one tenth', () => {
    const counts = new SlidingCounts(10_000, 1);
    for (let ms = 0; ms < 100_000; ms += 10) counts.add(A, ms);
    expect(counts.count(A, 99_999)).toBe(1_000);
    for (let ms = 100_000; ms < 100_500; ms += 10) counts.add(A, ms);
    expect(counts.count(A, 100_499)).toBe(950);
  });
});
