import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { createExpiries } from './expiry.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

describe('createExpiries', () => {
  it('ends each wait at its time, in order, also those of other lengths', () => {
    const expire = createExpiries(systemClock);
    const ended: string[] = [];
    expire(100, () => ended.push('a'));
    vi.advanceTimersByTime(40);
    expire(100, () => ended.push('b'));
    expire(30, () => ended.push('short'));
    vi.advanceTimersByTime(59);
    expect(ended).toEqual(['short']);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['short', 'a']);
    vi.advanceTimersByTime(39);
    expect(ended).toEqual(['short', 'a']);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['short', 'a', 'b']);
  });

  it('forgets what is taken back: the first, one in the middle, the last, twice, and too late', () => {
    const expire = createExpiries(systemClock);
    const ended: number[] = [];
    const waits = [0, 1, 2, 3, 4].map((n) => expire(50, () => ended.push(n)));
    for (const n of [0, 2, 2, 4]) waits[n]?.stop();
    vi.advanceTimersByTime(51);
    expect(ended).toEqual([1, 3]);
    waits[1]?.stop();
    const again = expire(50, () => ended.push(9));
    vi.advanceTimersByTime(49);
    again.stop();
    vi.advanceTimersByTime(100);
    expect(ended).toEqual([1, 3]);
  });

  it('works after an idle time and keeps no timer when nothing waits', () => {
    const expire = createExpiries(systemClock);
    expire(10, () => {}).stop();
    vi.advanceTimersByTime(11);
    expect(vi.getTimerCount()).toBe(0);
    let ended = false;
    expire(10, () => {
      ended = true;
    });
    vi.advanceTimersByTime(10);
    expect(ended).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a wait that is started while another one ends is kept', () => {
    const expire = createExpiries(systemClock);
    let ended = 0;
    expire(10, () => {
      ended += 1;
      expire(10, () => {
        ended += 1;
      });
    });
    vi.advanceTimersByTime(10);
    expect(ended).toBe(1);
    vi.advanceTimersByTime(10);
    expect(ended).toBe(2);
  });

  it('many different lengths are a timer each, and leave none behind', () => {
    const expire = createExpiries(systemClock);
    const waits = Array.from({ length: 200 }, (_, n) => expire(600_000 + n, () => {}));
    for (const wait of waits) wait.stop();
    expect(vi.getTimerCount()).toBeLessThanOrEqual(64);
    let ended = false;
    expire(50, () => {
      ended = true;
    });
    vi.advanceTimersByTime(50);
    expect(ended).toBe(true);
  });
});
