import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HitWindow, limitRule, SLOTS } from './sliding-window.ts';

const rule = limitRule(3, 60_000);

describe('a sliding window', () => {
  it('lets as many pass as the limit says, and says when the oldest no longer counts', () => {
    const window = new HitWindow();
    expect([0, 0, 500].map((ms) => window.take(rule, ms).isAllowed)).toEqual([true, true, true]);
    expect(window.take(rule, 999)).toEqual({ isAllowed: false, slot: 0, used: 3, resetMs: 61_000 - 999 });
  });

  it('has room again when the slot of the oldest has left it, and not a moment before', () => {
    const window = new HitWindow();
    for (const ms of [0, 30_000, 30_000]) window.take(rule, ms);
    expect(window.take(rule, 60_999).isAllowed).toBe(false);
    expect(window.take(rule, 61_000)).toMatchObject({ isAllowed: true, used: 3, resetMs: 30_000 });
    expect(window.take(rule, 61_000).isAllowed).toBe(false);
  });

  it('begins anew after it was idle for long', () => {
    const window = new HitWindow();
    for (let i = 0; i < 5; i++) window.take(rule, 0);
    expect(window.isOver(60_999)).toBe(false);
    expect(window.isOver(61_000)).toBe(true);
    expect(window.read(rule, 1e12)).toEqual({ used: 0, resetMs: 0 });
    expect(window.take(rule, 1e12)).toMatchObject({ isAllowed: true, used: 1 });
  });

  it('does not count who is refused', () => {
    const window = new HitWindow();
    for (let i = 0; i < 1_000; i++) window.take(rule, 0);
    expect(window.size).toBe(3);
  });

  it('gives back the very one, once, and nothing that has left', () => {
    const window = new HitWindow();
    const { slot } = window.take(rule, 0);
    window.take(rule, 5_000);
    window.giveBack(slot);
    window.giveBack(slot);
    expect(window.read(rule, 5_000).used).toBe(1);
    window.giveBack(12_345);
    expect(window.read(rule, 5_000).used).toBe(1);
  });

  it('keeps no more than a number for each slot, however high the limit', () => {
    const window = new HitWindow();
    const high = limitRule(1_000_000, 60_000);
    for (let ms = 0; ms < 600_000; ms += 50) window.take(high, ms);
    expect((window as unknown as { counts: number[] }).counts.length).toBeLessThanOrEqual(2 * (SLOTS + 1));
    expect(window.size).toBe((SLOTS + 1) * 20);
  });

  it('never lets more than the limit pass in any stretch of the window, and never refuses where a window and a slot had room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1_000, max: 10_000 }),
        (gaps, limit, windowMs) => {
          const window = new HitWindow();
          const given = limitRule(limit, windowMs);
          const passed: number[] = [];
          let nowMs = 0;
          for (const gap of gaps) {
            nowMs += gap;
            const inside = (lengthMs: number) => passed.filter((ms) => ms > nowMs - lengthMs).length;
            if (window.take(given, nowMs).isAllowed) {
              expect(inside(windowMs)).toBeLessThan(limit);
              passed.push(nowMs);
            } else {
              expect(inside(given.slotMs * (SLOTS + 1))).toBeGreaterThanOrEqual(limit);
            }
          }
        },
      ),
    );
  });
});
