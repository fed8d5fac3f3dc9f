import { describe, expect, it } from 'vitest';
import { manualClock } from '../manual-clock.test-support.ts';
import { memoryLimitStore } from './memory-store.ts';
import { limitRule, type Taken } from './sliding-window.ts';

const rule = limitRule(5, 60_000);

describe('the memory of limits', () => {
  it('is bounded, and who is at the limit stays so while any number of others come once', () => {
    const clock = manualClock();
    const store = memoryLimitStore({ maxKeys: 1_000 }, clock);
    const take = (key: string) => (store.take(key, rule) as Taken).isAllowed;
    for (let i = 0; i < 5; i++) take('attacker');
    let passed = 0;
    for (let i = 0; i < 100_000; i++) {
      take(`address ${i}`);
      if (i % 100 === 0 && take('attacker')) passed += 1;
      if (i % 1_000 === 0) clock.pass(1);
    }
    expect(passed).toBe(0);
    expect(sizeOf(store)).toBeLessThanOrEqual(1_000);
  });

  it('forgets those whose window is over before it forgets anybody else', () => {
    const clock = manualClock();
    const store = memoryLimitStore({ maxKeys: 100 }, clock);
    for (let i = 0; i < 50; i++) for (let n = 0; n < 5; n++) void store.take(`old ${i}`, rule);
    clock.pass(61_000);
    for (let i = 0; i < 50; i++) void store.take(`new ${i}`, rule);
    for (let i = 0; i < 50; i++) void store.take(`newer ${i}`, rule);
    const used = Array.from({ length: 50 }, (_, i) => (store.read(`new ${i}`, rule) as { used: number }).used);
    expect(used.every((count) => count === 1)).toBe(true);
  });

  it('takes names that every object has', () => {
    const store = memoryLimitStore();
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(store.take(key, rule)).toMatchObject({ isAllowed: true, used: 1 });
    }
    expect(({} as Record<string, unknown>).used).toBeUndefined();
  });

  it('says what it takes', () => {
    expect(() => memoryLimitStore({ maxKeys: 1 })).toThrow('it takes callers from 100 to 10000000');
    expect(() => memoryLimitStore({ keys: 1 } as never)).toThrow('Unknown option "keys"');
  });
});

/** Counted from outside: whoever is remembered has something used. */
function sizeOf(store: ReturnType<typeof memoryLimitStore>): number {
  let size = 0;
  for (let i = 0; i < 100_000; i++) if ((store.read(`address ${i}`, rule) as { used: number }).used > 0) size += 1;
  return size;
}
