import { type Random, systemRandom } from '@express-micro/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNonceSource, createNonceStore } from './nonce-store.ts';
import { createNonceTable } from './nonce-table.ts';

const NOW = 1_700_000_000;
const fresh = createNonceSource(systemRandom);

describe('a store of nonces', () => {
  it('takes each nonce once', () => {
    const store = createNonceStore();
    const [a, b] = [fresh(), fresh()];
    expect([a, b, a, b].map((nonce) => store.claim(nonce, NOW, NOW))).toEqual(['fresh', 'fresh', 'seen', 'seen']);
    expect(store.size).toBe(2);
  });

  it.each([-60, -1, 0, 1, 60])('remembers a nonce created %i s from now for as long as it could be accepted', (offset) => {
    const store = createNonceStore();
    const nonce = fresh();
    expect(store.claim(nonce, NOW + offset, NOW)).toBe('fresh');
    for (let now = NOW; now <= NOW + offset + 60; now += 1) {
      expect(store.claim(nonce, NOW + offset, now)).toBe('seen');
      // Other traffic goes on and lets generations come and go.
      expect(store.claim(fresh(), now, now)).toBe('fresh');
    }
  });

  it.each<[string, number]>([
    ['sparse traffic', 300],
    ['steady traffic', 1],
  ])('forgets what is over: %s', (_, step) => {
    const store = createNonceStore();
    let most = 0;
    for (let now = NOW; now < NOW + 100 * step; now += step) {
      expect(store.claim(fresh(), now, now)).toBe('fresh');
      most = Math.max(most, store.size);
    }
    expect(most).toBeLessThanOrEqual(180);
    expect(store.claim(fresh(), NOW + 1e6, NOW + 1e6)).toBe('fresh');
    expect(store.size).toBe(1);
  });

  it('refuses when a generation is full, forgets nothing for it, and is free again when that is over', () => {
    const store = createNonceStore({ capacity: 3 });
    const start = NOW - (NOW % 60);
    const nonces = [fresh(), fresh(), fresh()];
    expect(nonces.map((nonce) => store.claim(nonce, start, start))).toEqual(['fresh', 'fresh', 'fresh']);
    expect(store.claim(fresh(), start + 59, start)).toBe('full');
    expect(nonces.map((nonce) => store.claim(nonce, start, start))).toEqual(['seen', 'seen', 'seen']);
    expect(store.claim(fresh(), start + 60, start + 60)).toBe('fresh');
    expect(store.size).toBe(4);
  });

  it('knows what it forgot when the clock is set back: nothing that old is taken again', () => {
    const store = createNonceStore();
    const nonce = fresh();
    store.claim(nonce, NOW, NOW);
    expect(store.claim(fresh(), NOW + 3600, NOW + 3600)).toBe('fresh');
    expect(store.claim(nonce, NOW, NOW)).toBe('stale');
    // An hour was skipped and taken back; who signs from here on is served at once.
    expect(store.claim(fresh(), NOW + 1, NOW + 1)).toBe('fresh');
  });

  it('serves on when the clock is corrected by five minutes, either way', () => {
    for (const step of [-300, 300]) {
      const store = createNonceStore();
      const before = Array.from({ length: 200 }, (_, second) => store.claim(fresh(), NOW + second, NOW + second));
      const after = Array.from({ length: 900 }, (_, second) =>
        store.claim(fresh(), NOW + 200 + step + second, NOW + 200 + step + second),
      );
      expect(new Set(before)).toEqual(new Set(['fresh']));
      // Set back, the seconds that were forgotten already come again and are refused: better than a replay.
      const refused = after.filter((claim) => claim !== 'fresh').length;
      expect(refused).toBeLessThanOrEqual(step < 0 ? 200 : 0);
      expect(new Set(after.slice(200))).toEqual(new Set(['fresh']));
    }
  });

  it('holds a bounded number of generations under a clock that jumps about', () => {
    const store = createNonceStore({ capacity: 10 });
    for (let turn = 0; turn < 500; turn += 1) {
      const now = NOW - turn * 600;
      for (let count = 0; count < 20; count += 1) store.claim(fresh(), now, now);
      expect(store.size).toBeLessThanOrEqual(80);
    }
  });

  it('never takes a nonce twice while the clock goes back, window by window, past all that it holds', () => {
    const store = createNonceStore();
    const claims = Array.from({ length: 30 }, (_, turn) => {
      const nonce = fresh();
      const at = NOW - turn * 600;
      return [store.claim(nonce, at, at), store.claim(nonce, at, at)];
    });
    expect(new Set(claims.slice(0, 8).map(String))).toEqual(new Set(['fresh,seen']));
    expect(new Set(claims.slice(8).map(String))).toEqual(new Set(['full,full']));
    // Where the clock is right again it serves again.
    expect(store.claim(fresh(), NOW + 60, NOW + 60)).toBe('fresh');
  });

  it('takes nothing again from a window that had to make room', () => {
    const store = createNonceStore();
    const at = NOW - 7 * 600;
    for (let turn = 0; turn < 7; turn += 1) store.claim(fresh(), NOW - turn * 600, NOW - turn * 600);
    const nonce = fresh();
    expect(store.claim(nonce, at, at)).toBe('fresh');
    expect(store.claim(fresh(), at + 60, at)).toBe('fresh');
    expect(store.claim(nonce, at, at)).toBe('stale');
  });

  it('never takes a nonce twice within its window, however the clock steps', () => {
    const step = fc.record({
      clock: fc.oneof({ weight: 8, arbitrary: fc.nat(50) }, fc.integer({ min: -4000, max: 4000 })),
      skew: fc.integer({ min: -60, max: 60 }),
      replay: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 200 }), (steps) => {
        const store = createNonceStore();
        const taken: { nonce: string; created: number }[] = [];
        let now = NOW;
        for (const { clock, skew, replay } of steps) {
          now += clock;
          const nonce = fresh();
          if (store.claim(nonce, now + skew, now) === 'fresh') taken.push({ nonce, created: now + skew });
          const old = taken[replay % (taken.length || 1)];
          const acceptable = taken.filter(({ created }) => Math.abs(now - created) <= 60);
          for (const seen of old === undefined ? acceptable : [...acceptable, old]) {
            if (Math.abs(now - seen.created) <= 60 && store.claim(seen.nonce, seen.created, now) === 'fresh') return false;
          }
        }
        return true;
      }),
      { numRuns: 300 },
    );
  });
});

describe('the table behind it', () => {
  it('holds what a set would hold, through every growth', () => {
    const table = createNonceTable();
    const model = new Set<string>();
    // Small numbers collide all the time, which random nonces never do; large ones run over the end of the table.
    const word = fc.oneof(fc.nat(200), fc.integer({ min: 2 ** 32 - 200, max: 2 ** 32 - 1 }));
    // All but one in the same shard, so that it grows and they meet.
    const shared = fc.constantFrom(0, 1, 128, 256, 2 ** 32 - 128);
    fc.assert(
      fc.property(fc.array(fc.tuple(shared, word), { maxLength: 3000 }), (pairs) => {
        for (const [high, low] of pairs) {
          if (high === 0 && low === 0) continue;
          expect(table.has(high, low)).toBe(model.has(`${high}:${low}`));
          if (!model.has(`${high}:${low}`)) table.add(high, low);
          model.add(`${high}:${low}`);
        }
        expect(table.size).toBe(model.size);
      }),
      { numRuns: 30 },
    );
    for (const pair of model) expect(table.has(...(pair.split(':').map(Number) as [number, number]))).toBe(true);
  });
});

describe('a source of nonces', () => {
  it('gives 22 characters of base64url, no two alike, and asks for bytes by the page', () => {
    let asked = 0;
    const counting: Random = {
      ...systemRandom,
      bytes: (size) => {
        asked += 1;
        return systemRandom.bytes(size);
      },
    };
    const next = createNonceSource(counting);
    const nonces = Array.from({ length: 1000 }, next);
    expect(new Set(nonces).size).toBe(1000);
    expect(nonces.every((nonce) => /^[\w-]{22}$/.test(nonce))).toBe(true);
    expect(asked).toBe(4);
  });
});
