import { describe, expect, it } from 'vitest';
import { atLeast, atMost, forComparison, median, notMeasured, notRun, ratioOf, tableOf } from './report.mjs';

describe('the middle of what was measured', () => {
  it('is not moved by one slow round, nor by the order of the rounds', () => {
    expect(median([3, 1, 900])).toBe(3);
    expect(median([7])).toBe(7);
  });

  it('is an error where nothing was measured, or something that is no number', () => {
    expect(() => median([])).toThrow('nothing was measured');
    expect(() => median([1, Number.NaN, 2])).toThrow('nothing was measured');
    expect(() => median([1, Number.POSITIVE_INFINITY, 2])).toThrow('nothing was measured');
  });
});

describe('the ratio of two kinds', () => {
  it('is that of the same moments: a time when all were slow counts for both', () => {
    expect(ratioOf([10, 100, 12], [5, 50, 6])).toBe(2);
  });

  it('keeps its direction', () => {
    expect(ratioOf([1, 1, 1], [4, 4, 4])).toBe(0.25);
    expect(ratioOf([4, 4, 4], [1, 1, 1])).toBe(4);
  });

  it('is an error where one was measured more often, or took no time at all', () => {
    expect(() => ratioOf([1, 2], [1])).toThrow('2 measurements cannot be compared with 1');
    expect(() => ratioOf([1], [0])).toThrow('nothing was measured');
  });
});

describe('a row', () => {
  it('meets a target that it has to reach, at the target too', () => {
    expect([0.96, 0.97, 0.98].map((value) => atLeast('speed', value, 0.97, '').isMet)).toEqual([false, true, true]);
  });

  it('meets a target that it has to stay below, at the target too', () => {
    expect([0.6, 0.7, 0.8].map((value) => atMost('time', value, 0.7, '').isMet)).toEqual([true, true, false]);
  });

  it.each([atLeast, atMost])('has a value', (row) => {
    expect(() => row('speed', Number.NaN, 1, '')).toThrow('speed: nothing was measured');
  });

  it('without a measurement misses its target', () => {
    expect(notMeasured('link', '≥', 6, '', 'there is no link yet')).toMatchObject({ isMet: false, target: 6 });
  });
});

describe('the table', () => {
  it('shows value beside target, and counts what was met', () => {
    const rows = [
      atLeast('speed', 1.23456, 1, '×', 'so'),
      atMost('time', 12, 10, 'ms'),
      forComparison('other', 1234.5, '/s'),
      notMeasured('link', '≥', 6, '×', 'not there'),
    ];
    expect(tableOf(rows)).toEqual({
      met: 1,
      aims: 3,
      notRun: 0,
      table: [
        '| what | measured | target | | how |',
        '|---|---|---|---|---|',
        '| speed | 1.235 × | ≥ 1 × | met | so |',
        '| time | 12 ms | ≤ 10 ms | **missed** |  |',
        '| other | 1235 /s | — | |  |',
        '| link | not measured | ≥ 6 × | **missed** | not there |',
      ].join('\n'),
    });
  });

  it('counts what could not be run by itself, and not as measured', () => {
    const row = notRun('split', '≤', 20, 's', 'takes root');
    expect(tableOf([row, atMost('time', 9, 10, 'ms', '')])).toMatchObject({ met: 1, aims: 1, notRun: 1 });
    expect(tableOf([row, atMost('time', 9, 10, 'ms', '')]).table).toContain(
      '| split | not run | ≤ 20 s | **not run** | takes root |',
    );
    expect(() => tableOf([row])).toThrow('no target was measured');
  });

  it('is no table without a target', () => {
    expect(() => tableOf([forComparison('other', 1, '')])).toThrow('no target was measured');
    expect(() => tableOf([])).toThrow('no target was measured');
  });
});
