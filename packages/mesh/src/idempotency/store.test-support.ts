import { describe, expect, it } from 'vitest';
import type { IdempotencyStore, StoredAnswer } from './store.ts';

const KEY = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const ANSWER: StoredAnswer = {
  status: 201,
  headers: [
    ['content-type', 'application/octet-stream'],
    ['location', '/orders/1'],
  ],
  body: new Uint8Array([0, 255, 128, 10]),
};

export interface StoreUnderTest {
  /** Another door to the same store, as another process has it; may be the same object. */
  readonly store: IdempotencyStore;
  readonly other: IdempotencyStore;
  /** Lets this time pass for the store. */
  readonly wait: (ms: number) => Promise<void> | void;
}

/** What every store of idempotency keys does. */
export function testIdempotencyStore(name: string, open: () => Promise<StoreUnderTest> | StoreUnderTest): void {
  const attempt = (owner: string, fingerprint = 'same') => ({ owner, fingerprint, leaseMs: 5_000 });

  describe(`the store of idempotency keys: ${name}`, () => {
    it('lets one of many begin, and tells the others what is under way', async () => {
      const { store, other } = await open();
      const begun = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).begin(KEY, attempt(`owner-${index}`))),
      );
      expect(begun.filter(({ state }) => state === 'begun')).toHaveLength(1);
      expect(begun.filter(({ state }) => state === 'in-flight')).toHaveLength(49);
      expect(await other.begin(KEY, attempt('late', 'different'))).toEqual({ state: 'in-flight', fingerprint: 'same' });
      expect(await other.begin(OTHER, attempt('elsewhere'))).toEqual({ state: 'begun' });
    });

    it('gives the answer to whoever comes later, byte for byte, until its time is over', async () => {
      const { store, other, wait } = await open();
      await store.begin(KEY, attempt('first'));
      await store.complete(KEY, 'first', ANSWER, 10_000);
      const again = await other.begin(KEY, attempt('second', 'whatever'));
      expect(again).toMatchObject({ state: 'done', fingerprint: 'same', answer: { status: 201, headers: ANSWER.headers } });
      expect(again.state === 'done' && Buffer.from(again.answer.body).equals(ANSWER.body)).toBe(true);
      await wait(10_100);
      expect(await other.begin(KEY, attempt('third'))).toEqual({ state: 'begun' });
    });

    it('a released key is free', async () => {
      const { store, other } = await open();
      await store.begin(KEY, attempt('first'));
      await store.release(KEY, 'first');
      expect(await other.begin(KEY, attempt('second'))).toEqual({ state: 'begun' });
    });

    it('a lease that nobody renews is free, and one that is renewed is not', async () => {
      const { store, other, wait } = await open();
      await store.begin(KEY, attempt('first'));
      await wait(4_000);
      await store.renew(KEY, 'first', 5_000);
      await wait(4_000);
      expect((await other.begin(KEY, attempt('second'))).state).toBe('in-flight');
      await wait(1_100);
      expect(await other.begin(KEY, attempt('second'))).toEqual({ state: 'begun' });
    });

    it('who has lost the lease changes nothing any more', async () => {
      const { store, other, wait } = await open();
      await store.begin(KEY, attempt('first'));
      await wait(5_100);
      await other.begin(KEY, attempt('second'));
      await store.renew(KEY, 'first', 60_000);
      await store.release(KEY, 'first');
      await store.complete(KEY, 'first', ANSWER, 10_000);
      expect((await store.begin(KEY, attempt('third'))).state).toBe('in-flight');
      await wait(5_100);
      expect((await store.begin(KEY, attempt('third'))).state).toBe('begun');
    });

    it('nobody can complete, renew or release what was not begun', async () => {
      const { store } = await open();
      await store.complete(KEY, 'nobody', ANSWER, 10_000);
      await store.renew(KEY, 'nobody', 10_000);
      await store.release(KEY, 'nobody');
      expect(await store.begin(KEY, attempt('first'))).toEqual({ state: 'begun' });
    });
  });
}
