import { setTimeout as realDelay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

function open(isAtWork: () => boolean = () => false) {
  const pace = new Pace(1_000_000, isAtWork);
  const seen: string[] = [];
  const after = (delayMs: number) => pace.clock.after(delayMs, () => seen.push(`${delayMs} at ${pace.nowMs}`));
  const sleep = (delayMs: number) => new Promise<void>((resolve) => void pace.clock.after(delayMs, resolve));
  return { pace, seen, after, sleep };
}

describe('the time of a test', () => {
  it('stands still until it is told, and then everything due happens in its order', async () => {
    const { pace, seen, after } = open();
    for (const delayMs of [30, 10, 20, 50]) after(delayMs);
    after(15).stop();
    await realDelay(30);
    expect([seen, pace.nowMs]).toEqual([[], 0]);
    await pace.advance(40);
    expect([seen, pace.nowMs]).toEqual([['10 at 10', '20 at 20', '30 at 30'], 40]);
    expect([pace.clock.monotonicMs(), pace.clock.epochMs()]).toEqual([40, 1_000_040]);
  });

  it('what a timer sets in motion happens before the next one, promises included', async () => {
    const { pace, seen, sleep } = open();
    void (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(10);
        await Promise.resolve();
        seen.push(`${pace.nowMs}`);
      }
    })();
    await pace.advance(100);
    expect(seen).toEqual(['10', '20', '30']);
  });

  it('a rhythm goes on until it is stopped', async () => {
    const { pace } = open();
    const at: number[] = [];
    const rhythm = pace.clock.every(10, () => at.push(pace.nowMs));
    await pace.advance(35);
    rhythm.stop();
    await pace.advance(100);
    expect(at).toEqual([10, 20, 30]);
  });

  it('passes by itself while somebody waits, as far as he waits, and at no cost', async () => {
    const { pace, seen, after, sleep } = open();
    after(7_200_000);
    const beganAtMs = performance.now();
    await pace.whileWaiting(() => sleep(3_600_000));
    expect(performance.now() - beganAtMs).toBeLessThan(1_000);
    await realDelay(10);
    expect([seen, pace.nowMs]).toEqual([[], 3_600_000]);
  });

  it('does not hurry whoever is at work: it passes for him as it does everywhere', async () => {
    let isAtWork = true;
    const { pace, sleep } = open(() => isAtWork);
    const beganAtMs = performance.now();
    await pace.whileWaiting(() => sleep(200));
    expect(performance.now() - beganAtMs).toBeGreaterThan(150);
    const waiting = pace.whileWaiting(() => sleep(3_600_000));
    await realDelay(50);
    expect(pace.nowMs).toBeLessThan(10_000);
    isAtWork = false;
    await waiting;
    expect(pace.nowMs).toBeGreaterThan(3_600_000);
  });

  it('an hour of looking every 100 ms is over at once', async () => {
    const { pace } = open();
    let looks = 0;
    pace.clock.every(100, () => {
      looks += 1;
    });
    const beganAtMs = performance.now();
    await pace.advance(3_600_000);
    expect(looks).toBe(36_000);
    expect(performance.now() - beganAtMs).toBeLessThan(5_000);
  });
});
