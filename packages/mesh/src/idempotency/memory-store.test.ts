import type { Clock } from '@express-micro/core';
import { expect, it } from 'vitest';
import { createMemoryStore, type MemoryStoreLimits } from './memory-store.ts';
import { testIdempotencyStore } from './store.test-support.ts';

function open(limits?: MemoryStoreLimits) {
  let nowMs = 0;
  const store = createMemoryStore({ monotonicMs: () => nowMs } as Clock, limits);
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { store, other: store, wait };
}

testIdempotencyStore('memory', open);

const key = (index: number) => String(index).padStart(64, '0');

it.each([
  ['answers', { maxAnswers: 3, maxBytes: 1_000 }],
  ['bytes', { maxAnswers: 1_000, maxBytes: 39 }],
])('keeps so many %s and no more; what is under way is never dropped', async (_what, limits) => {
  const { store } = open(limits);
  const attempt = { owner: 'o', fingerprint: 'f', leaseMs: 5_000 };
  await store.begin('running', attempt);
  for (let index = 0; index < 10; index += 1) {
    await store.begin(key(index), attempt);
    await store.complete(key(index), 'o', { status: 200, headers: [], body: new Uint8Array(10) }, 1_000);
  }
  const states = await Promise.all(Array.from({ length: 10 }, (_, index) => store.begin(key(index), attempt)));
  expect(states.map(({ state }) => state)).toEqual([...Array(7).fill('begun'), 'done', 'done', 'done']);
  expect((await store.begin('running', attempt)).state).toBe('in-flight');
});
