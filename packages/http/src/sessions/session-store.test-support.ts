import { describe, expect, it } from 'vitest';
import type { Rotation, SessionStore, StoredSession } from './session-store.ts';

const DAY_MS = 86_400_000;
const LIMITS = { maxPerUser: 3, nowMs: 0 };
const session = (extra: Partial<StoredSession> = {}): StoredSession => ({
  id: 'one',
  userId: 'ada',
  tokenHash: 'hash-0',
  previousHash: undefined,
  nonce: '',
  rotatedAtMs: 0,
  expiresAtMs: 7 * DAY_MS,
  endsAtMs: 30 * DAY_MS,
  ...extra,
});
const rotation = (extra: Partial<Rotation> = {}): Rotation => ({
  id: 'one',
  shownHash: 'hash-0',
  nextHash: 'hash-1',
  nonce: 'nonce-1',
  nowMs: 1_000,
  expiresAtMs: 1_000 + 7 * DAY_MS,
  graceMs: 0,
  ...extra,
});

/** What every store of sessions does. `open` gives an empty one. */
export function testSessionStore(name: string, open: () => SessionStore | Promise<SessionStore>): void {
  describe(`sessions in ${name}`, () => {
    it('are found until they expire', async () => {
      const store = await open();
      await store.create(session(), LIMITS);
      expect(await store.find('one', 7 * DAY_MS - 1)).toEqual(session());
      expect(await store.find('one', 7 * DAY_MS)).toBeUndefined();
      expect(await store.find('two', 0)).toBeUndefined();
      expect(await store.find('__proto__', 0)).toBeUndefined();
    });

    it('go on with the next token, until the day on which they end', async () => {
      const store = await open();
      await store.create(session(), LIMITS);
      expect(await store.rotate(rotation())).toEqual({ outcome: 'rotated' });
      expect(await store.find('one', 1_000)).toEqual(
        session({
          tokenHash: 'hash-1',
          previousHash: 'hash-0',
          nonce: 'nonce-1',
          rotatedAtMs: 1_000,
          expiresAtMs: 1_000 + 7 * DAY_MS,
        }),
      );
      const late = { shownHash: 'hash-1', nextHash: 'hash-2', nowMs: 6 * DAY_MS, expiresAtMs: 36 * DAY_MS };
      expect(await store.rotate(rotation(late))).toEqual({ outcome: 'rotated' });
      expect((await store.find('one', 6 * DAY_MS))?.expiresAtMs).toBe(30 * DAY_MS);
    });

    it('end when a token is shown that counted before', async () => {
      const store = await open();
      await store.create(session(), LIMITS);
      await store.rotate(rotation());
      expect(await store.rotate(rotation({ nowMs: 1_001 }))).toEqual({ outcome: 'reused' });
      expect(await store.find('one', 1_001)).toBeUndefined();
      expect(await store.rotate(rotation({ shownHash: 'hash-1', nextHash: 'hash-2' }))).toEqual({ outcome: 'unknown' });
    });

    it('give the same next token within the grace, and end after it', async () => {
      const store = await open();
      await store.create(session(), LIMITS);
      await store.rotate(rotation({ graceMs: 5_000 }));
      const again = (nowMs: number) => store.rotate(rotation({ nonce: 'other', nextHash: 'other', nowMs, graceMs: 5_000 }));
      expect(await again(1_000)).toEqual({ outcome: 'repeated', nonce: 'nonce-1' });
      expect(await again(5_999)).toEqual({ outcome: 'repeated', nonce: 'nonce-1' });
      expect((await store.find('one', 6_000))?.tokenHash).toBe('hash-1');
      expect(await again(6_000)).toEqual({ outcome: 'reused' });
    });

    it('know no grace for a token that is older than the one before, nor when the clock is set back', async () => {
      const store = await open();
      await store.create(session(), LIMITS);
      await store.rotate(rotation({ graceMs: 5_000 }));
      await store.rotate(rotation({ shownHash: 'hash-1', nextHash: 'hash-2', graceMs: 5_000 }));
      expect(await store.rotate(rotation({ graceMs: 5_000 }))).toEqual({ outcome: 'reused' });
      await store.create(session(), LIMITS);
      await store.rotate(rotation({ graceMs: 5_000 }));
      expect(await store.rotate(rotation({ graceMs: 5_000, nowMs: 999 }))).toEqual({ outcome: 'reused' });
    });

    it('are unknown where they never were, or have expired', async () => {
      const store = await open();
      expect(await store.rotate(rotation())).toEqual({ outcome: 'unknown' });
      await store.create(session(), LIMITS);
      expect(await store.rotate(rotation({ nowMs: 7 * DAY_MS }))).toEqual({ outcome: 'unknown' });
    });

    it('rotate in one step: of a hundred at once one wins', async () => {
      for (const graceMs of [0, 5_000]) {
        const store = await open();
        await store.create(session(), LIMITS);
        const all = await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            store.rotate(rotation({ nextHash: `hash-of-${index}`, nonce: `nonce-of-${index}`, graceMs })),
          ),
        );
        expect(all.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1);
        const others = new Set(
          all.map((result) => (result.outcome === 'repeated' ? `repeated ${result.nonce}` : result.outcome)),
        );
        const kept = await store.find('one', 1_000);
        expect(others).toEqual(
          new Set(graceMs === 0 ? ['rotated', 'reused', 'unknown'] : ['rotated', `repeated ${kept?.nonce}`]),
        );
        expect(kept?.tokenHash).toBe(graceMs === 0 ? undefined : kept?.nonce.replace('nonce', 'hash'));
      }
    });

    it('end one by one, and all of a user', async () => {
      const store = await open();
      for (const id of ['one', 'two']) await store.create(session({ id }), LIMITS);
      await store.create(session({ id: 'three', userId: 'bob' }), LIMITS);
      await store.end('one');
      await store.end('one');
      expect(await store.find('one', 0)).toBeUndefined();
      expect(await store.endAllOf('ada')).toBe(1);
      expect(await store.endAllOf('ada')).toBe(0);
      expect(await store.endAllOf('__proto__')).toBe(0);
      expect(await store.find('three', 0)).toMatchObject({ userId: 'bob' });
    });

    it('are at most so many for one user: the oldest end', async () => {
      const store = await open();
      for (const id of ['one', 'two', 'three', 'four', 'five']) await store.create(session({ id }), LIMITS);
      await store.create(session({ id: 'bob', userId: 'bob' }), LIMITS);
      const found = await Promise.all(
        ['one', 'two', 'three', 'four', 'five', 'bob'].map(async (id) => (await store.find(id, 0)) !== undefined),
      );
      expect(found).toEqual([false, false, true, true, true, true]);
    });
  });
}

/** A store whose network fails: before it did something, or after, when nobody learns that it did. */
export function faulty(store: SessionStore, fails: (method: string) => 'before' | 'after' | undefined): SessionStore {
  const wrapped: Record<string, unknown> = {};
  for (const method of ['create', 'rotate', 'find', 'end', 'endAllOf'] as const) {
    wrapped[method] = async (...args: never[]) => {
      const when = fails(method);
      if (when === 'before') throw new Error(`${method} was not heard`);
      const result = await (store[method] as (...given: never[]) => Promise<unknown>)(...args);
      if (when === 'after') throw new Error(`the answer to ${method} was lost`);
      return result;
    };
  }
  return wrapped as unknown as SessionStore;
}
