import { describe, expect, it } from 'vitest';
import { createBoundedLabels } from './bounded-labels.ts';

describe('labels', () => {
  it('stay as they are below the bound, and are "other" beyond it', () => {
    const labels = createBoundedLabels(['kind'], { maxValues: 2, maxSeries: 10 });
    const bound = ['a', 'b', 'c', 'd', 'a'].map((kind) => labels.bound({ kind }).labels.kind);
    expect(bound).toEqual(['a', 'b', 'other', 'other', 'a']);
    expect(labels.isFull).toBe(true);
  });

  it('are one series beyond the bound of combinations', () => {
    const labels = createBoundedLabels(['a', 'b'], { maxValues: 100, maxSeries: 50 });
    const keys = new Set<string>();
    for (let a = 0; a < 100; a++) for (let b = 0; b < 100; b++) keys.add(labels.bound({ a, b }).key);
    expect(keys.size).toBe(51);
    expect(labels.bound({ a: 99, b: 99 }).labels).toEqual({ a: 'other', b: 'other' });
  });

  it('take what is no text, what is missing, and what is long', () => {
    const labels = createBoundedLabels(['a'], { maxValues: 10, maxSeries: 10 });
    const value = (a: unknown) => labels.bound({ a }).labels.a;
    expect([value(1), value(true), value(undefined), value(null), value('x'.repeat(500))?.length]).toEqual([
      '1',
      'true',
      '',
      'null',
      200,
    ]);
    expect(createBoundedLabels([], { maxValues: 1, maxSeries: 1 }).bound({ stray: 1 })).toEqual({ key: '', labels: {} });
  });

  it('never mistake one combination for another', () => {
    const labels = createBoundedLabels(['a', 'b'], { maxValues: 10, maxSeries: 10 });
    expect(labels.bound({ a: 'x', b: 'y,z' }).key).not.toBe(labels.bound({ a: 'x,y', b: 'z' }).key);
    expect(labels.bound({ a: 'x\u0000', b: '' }).labels).toEqual({ a: 'x?', b: '' });
    // Halves of a character: as bytes they would be two lines of one series.
    expect(labels.bound({ a: '\ud800', b: '' })).toBe(labels.bound({ a: '\udbff', b: '' }));
  });
});
