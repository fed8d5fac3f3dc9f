import { describe, expect, it } from 'vitest';
import { slopeOf } from './calls/slope.mjs';

const line = (a: number, b: number, noise = (_n: number) => 0) =>
  Array.from({ length: 20 }, (_, n) => ({ atMin: n / 20, value: a + (b * n) / 20 + noise(n) }));

describe('the slope of what was sampled', () => {
  it('is that of a line, up, down and level', () => {
    for (const slope of [3, -2, 0]) expect(slopeOf(line(10, slope))).toBeCloseTo(slope, 9);
  });

  it('is not decided by its first or its last sample', () => {
    const spiked = line(10, 0, (n) => (n === 19 ? 1 : 0));
    // From the first to the last it would be 1.05.
    expect(slopeOf(spiked)).toBeLessThan(0.3);
  });

  it('is not hidden by samples that go up and down', () => {
    expect(slopeOf(line(10, 2, (n) => (n % 2 === 0 ? 0.5 : -0.5)))).toBeGreaterThan(1.7);
  });

  it('is an error where too little was sampled', () => {
    expect(() => slopeOf(line(1, 1).slice(0, 4))).toThrow('nothing was measured');
  });
});
