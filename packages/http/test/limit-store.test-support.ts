import { describe, expect, it } from 'vitest';
import type { RateLimitStore, Taken } from '../src/index.ts';

export interface StoreUnderTest {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string | undefined;
  readonly open: () => Promise<{ readonly store: RateLimitStore; readonly close: () => unknown }>;
}

const rule = { limit: 5, slotMs: 1_000 };
let keys = 0;

/** What every store has to do. */
export function describeLimitStore({ name, missing, open }: StoreUnderTest): void {
  describe.skipIf(missing !== undefined)(`limits in ${name}${missing === undefined ? '' : ` (${missing})`}`, () => {
    const withStore = async (use: (store: RateLimitStore, key: string) => Promise<void>): Promise<void> => {
      const { store, close } = await open();
      keys += 1;
      try {
        await use(store, `rl:test:${keys}`);
      } finally {
        await close();
      }
    };
    const take = async (store: RateLimitStore, key: string) => (await store.take(key, rule)) as Taken;

    it('lets exactly the limit pass of a thousand at once', () =>
      withStore(async (store, key) => {
        const taken = await Promise.all(Array.from({ length: 1_000 }, () => take(store, key)));
        const allowed = taken.filter(({ isAllowed }) => isAllowed);
        expect(allowed.map(({ used }) => used).sort()).toEqual([1, 2, 3, 4, 5]);
      }));

    it('says how many count and when the oldest no longer does', () =>
      withStore(async (store, key) => {
        expect(await store.read(key, rule)).toEqual({ used: 0, resetMs: 0 });
        const { used, resetMs } = await take(store, key);
        expect(used).toBe(1);
        expect(resetMs).toBeGreaterThan(60_000 - 1_000);
        expect(resetMs).toBeLessThanOrEqual(61_000);
        expect((await store.read(key, rule)).used).toBe(1);
      }));

    it('counts keys apart', () =>
      withStore(async (store, key) => {
        for (let i = 0; i < 6; i++) await take(store, key);
        expect((await take(store, key)).isAllowed).toBe(false);
        expect((await take(store, `${key}:other`)).isAllowed).toBe(true);
      }));

    it('gives back what was taken, and never more than that', () =>
      withStore(async (store, key) => {
        const { slot } = await take(store, key);
        for (let i = 0; i < 3; i++) await store.giveBack(key, rule, slot);
        await store.giveBack(key, rule, 1);
        await store.giveBack(`${key}:never seen`, rule, slot);
        expect(await store.read(key, rule)).toEqual({ used: 0, resetMs: 0 });
        const taken = await Promise.all(Array.from({ length: 10 }, () => take(store, key)));
        expect(taken.filter(({ isAllowed }) => isAllowed)).toHaveLength(5);
      }));

    it('forgets a key that is reset', () =>
      withStore(async (store, key) => {
        for (let i = 0; i < 9; i++) await take(store, key);
        await store.reset(key);
        expect(await take(store, key)).toMatchObject({ isAllowed: true, used: 1 });
      }));
  });
}
