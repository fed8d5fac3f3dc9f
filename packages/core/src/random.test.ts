import { describe, expect, it } from 'vitest';
import { systemRandom } from './random.ts';

describe('systemRandom.uuid', () => {
  const ids = Array.from({ length: 20_000 }, () => systemRandom.uuid());

  it('is a UUID of version 4, as RFC 9562 writes it, and never the same twice', () => {
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has chance in every place: each digit comes about as often as any other', () => {
    // Of 20,000 a digit comes 1,250 times, give or take 34; seven times that does not happen to code that is right.
    for (let place = 0; place < 36; place++) {
      const seen = new Map<string, number>();
      for (const id of ids) seen.set(id[place] as string, (seen.get(id[place] as string) ?? 0) + 1);
      const expected = [8, 13, 18, 23, 14].includes(place) ? 1 : place === 19 ? 4 : 16;
      expect([place, seen.size]).toEqual([place, expected]);
      if (expected < 16) continue;
      for (const count of seen.values()) expect(Math.abs(count - 1_250)).toBeLessThan(240);
    }
  });
});
