import { describe, expect, it } from 'vitest';
import type { MemberRecord } from './record.ts';
import { createRegistryState, takeAnswer, takeList, takeNews } from './registry-state.ts';
import { backoffMs, registryTimes } from './registry-times.ts';

const DAY_MS = 86_400_000;

function record(index: number): MemberRecord {
  const id = index.toString(16).padStart(32, '0');
  const url = `http://10.0.0.1:${3_000 + index}`;
  return { id, service: 's', url, incarnation: 1, status: 'UP', routesHash: 'h', isSigning: false, leaseMs: 7_500 };
}

describe('what is known of the others', () => {
  it('shows the dead for a day and then forgets them', () => {
    const state = createRegistryState('self', [], 7_500);
    takeList(state, [record(1)], 0);
    takeNews(state, 0, 10);
    takeList(state, [], 1);
    takeAnswer(state, record(1).id, 'refused');
    expect(takeNews(state, 1, 10)).toMatchObject({ changed: [{ status: 'DOWN' }], forgotten: [] });
    expect(takeNews(state, DAY_MS, 10).forgotten).toEqual([]);
    expect(takeNews(state, DAY_MS + 1, 10).forgotten).toEqual([record(1).id]);
    expect(state.members.size).toBe(0);
  });

  it('forgets the oldest of the dead first where there is no room for all, and nobody who is there', () => {
    const state = createRegistryState('self', [], 7_500);
    for (const [atMs, index] of [1, 2, 3, 4].entries()) {
      takeList(state, [record(index)], atMs);
      for (const { id } of [1, 2, 3, 4].map(record)) if (id !== record(index).id) takeAnswer(state, id, 'refused');
      takeNews(state, atMs, 3);
    }
    expect([...state.members.keys()]).toEqual([2, 3, 4].map((index) => record(index).id));
    takeList(state, [5, 6, 7, 8].map(record), 10);
    takeNews(state, 10, 3);
    expect([...state.members.keys()]).toEqual(expect.arrayContaining([5, 6, 7, 8].map((index) => record(index).id)));
  });

  it('says nothing twice', () => {
    const state = createRegistryState('self', [], 7_500);
    takeList(state, [record(1)], 0);
    expect(takeNews(state, 0, 10).changed).toHaveLength(1);
    takeList(state, [record(1)], 1_000);
    expect(takeNews(state, 1_000, 10).changed).toEqual([]);
  });
});

describe('the times of a source', () => {
  it.each([100, 1_000, 5_000, 60_000])(
    'silence is known within 2.5 × %i ms + 1 s, and three renewals may fail',
    (pingIntervalMs) => {
      const { leaseMs, roundMs, askTimeoutMs } = registryTimes(pingIntervalMs);
      expect(leaseMs + roundMs + askTimeoutMs).toBeLessThan(2.5 * pingIntervalMs + 1_000);
      expect(leaseMs).toBeGreaterThan(4 * roundMs);
    },
  );

  it('pauses grow up to pingInterval, each somewhere between nothing and its longest', () => {
    const times = registryTimes(3_000);
    expect([1, 2, 3, 50].map((failures) => backoffMs(failures, times, 1))).toEqual([100, 200, 400, 3_000]);
    expect(backoffMs(50, times, 0)).toBe(0);
  });
});
