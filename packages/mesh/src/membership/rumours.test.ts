import { describe, expect, it } from 'vitest';
import { stranger } from '../testing/fleet.test-support.ts';
import { Rumours } from './rumours.ts';

const members = Array.from({ length: 20 }, (_, index) => stranger(index, 'ALIVE'));
const [first, second] = members as [(typeof members)[0], (typeof members)[0]];

function filled(count = members.length) {
  const rumours = new Rumours();
  for (const member of members.slice(0, count)) rumours.put(member);
  return rumours;
}

describe('news on its way', () => {
  it('is told the least told first, each piece as often as the limit says, and then no more', () => {
    const rumours = filled();
    const told = new Map<string, number>();
    for (let i = 0; i < 15; i++) {
      for (const { id } of rumours.take(4, 3, undefined)) told.set(id, (told.get(id) ?? 0) + 1);
      const counts = members.map(({ id }) => told.get(id) ?? 0);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect([...told.values()]).toEqual(new Array(20).fill(3));
    expect([rumours.size, rumours.take(4, 3, undefined)]).toEqual([0, []]);
  });

  it('of a member replaces the older of the same, and is told anew', () => {
    const rumours = filled(2);
    rumours.take(2, 2, undefined);
    const newer = { ...first, incarnation: 2 };
    rumours.put(newer);
    expect(rumours.take(1, 2, undefined)).toEqual([newer]);
    expect(rumours.size).toBe(2);
  });

  it('is not told to whom it is about, and does not count as told', () => {
    const rumours = filled(2);
    for (let i = 0; i < 5; i++) rumours.take(8, 2, first.id);
    expect(rumours.take(8, 2, undefined)).toEqual([first]);
    expect(rumours.take(8, 2, second.id)).toEqual([first]);
    expect(rumours.size).toBe(0);
  });

  it('ends with the member', () => {
    const rumours = filled(2);
    rumours.delete(first.id);
    rumours.delete(first.id);
    expect(rumours.take(8, 2, undefined)).toEqual([second]);
  });
});
