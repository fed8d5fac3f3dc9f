import { describe, expect, it } from 'vitest';
import type { MembershipState } from './state.ts';
import { confirmationsWanted, patienceMs, suspicionMinMs } from './suspicion.ts';
import { membershipTunables } from './tunables.ts';

const TUNABLES = membershipTunables(5_000);
const minMs = 4_000;
const suspicion = { startedAtMs: 0, minMs, maxMs: 6 * minMs };

describe('the time of a suspect', () => {
  it('is six times the shortest with one accuser, less with a second, and the shortest with two who confirm', () => {
    const times = [0, 1, 2, 3].map((confirmations) => Math.round(patienceMs(suspicion, confirmations, 2)));
    expect(times).toEqual([24_000, 11_381, 4_000, 4_000]);
  });

  it('is the shortest from the beginning where nobody is there to confirm', () => {
    expect(patienceMs(suspicion, 0, 0)).toBe(minMs);
  });

  it('waits for no more confirmations than can come: suspects give none', () => {
    const wanted = (present: number, suspects: readonly string[]) =>
      confirmationsWanted({ tunables: TUNABLES, present, suspects: new Set(suspects) } as unknown as MembershipState);
    expect([wanted(1, ['b']), wanted(2, ['b']), wanted(3, ['b']), wanted(19, ['b'])]).toEqual([0, 1, 2, 2]);
    expect([wanted(2, ['b', 'c']), wanted(4, ['b', 'c', 'd'])]).toEqual([0, 1]);
  });

  it('is four ticks in fleets of up to ten, and grows with log10 from there', () => {
    expect([2, 10, 100, 1_000].map((size) => Math.round(suspicionMinMs(TUNABLES, size)))).toEqual([4_000, 4_000, 8_000, 12_000]);
    expect(suspicionMinMs(membershipTunables(1_000), 10)).toBe(800);
  });
});
