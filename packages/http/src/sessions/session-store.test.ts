import { expect, it } from 'vitest';
import { memorySessionStore } from './memory-session-store.ts';
import { faulty, testSessionStore } from './session-store.test-support.ts';

testSessionStore('memory', () => memorySessionStore());

// What holds for a store holds for one that is reached over a network, as long as that does not fail.
testSessionStore('memory behind a network', () => faulty(memorySessionStore(), () => undefined));

it('memory is bounded: those that were not renewed for longest make room', async () => {
  const store = memorySessionStore({ maxSessions: 10 });
  const base = { tokenHash: 'h', previousHash: undefined, nonce: '', rotatedAtMs: 0, expiresAtMs: 1_000, endsAtMs: 1_000 };
  for (let index = 0; index < 1_000; index += 1)
    await store.create({ ...base, id: `s${index}`, userId: `u${index}` }, { maxPerUser: 5, nowMs: 0 });
  const found = await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.find(`s${index}`, 0)));
  expect(found.filter((session) => session !== undefined).map((session) => session?.id)).toEqual(
    Array.from({ length: 10 }, (_, index) => `s${990 + index}`),
  );
  expect(() => memorySessionStore({ maxSessions: 0 })).toThrow('from 1 to');
});
