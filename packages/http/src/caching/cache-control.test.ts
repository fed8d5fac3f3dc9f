import { describe, expect, it } from 'vitest';
import { freshnessMs, readDirectives, wishesOf } from './cache-control.ts';

describe('Cache-Control', () => {
  it('is read with values, quotes and in any case', () => {
    expect([...readDirectives('Max-Age=60, private="set-cookie", NO-STORE ,foo= bar')]).toEqual([
      ['max-age', '60'],
      ['private', 'set-cookie'],
      ['no-store', ''],
      ['foo', 'bar'],
    ]);
  });

  it('of a request says what its client wants', () => {
    expect(wishesOf({})).toMatchObject({ mayRead: true, mayStore: true });
    expect(wishesOf({ 'cache-control': 'no-cache' })).toMatchObject({ mayRead: false, mayStore: true });
    expect(wishesOf({ 'cache-control': 'no-store' })).toMatchObject({ mayStore: false });
    expect(wishesOf({ pragma: 'no-cache' })).toMatchObject({ mayRead: false });
    expect(wishesOf({ 'cache-control': 'max-age=5', pragma: 'no-cache' })).toMatchObject({ mayRead: true, maxAgeSeconds: 5 });
    expect(wishesOf({ 'cache-control': 'max-age=soon' }).maxAgeSeconds).toBe(0);
    expect(wishesOf({ 'cache-control': 'only-if-cached' }).onlyIfCached).toBe(true);
  });

  it.each([
    [200, {}, 60_000],
    [200, { 'cache-control': 'max-age=10' }, 10_000],
    [200, { 'cache-control': 'max-age=10, s-maxage=20' }, 20_000],
    [200, { 'cache-control': 'max-age=1000' }, 60_000],
    [200, { expires: new Date(5_000).toUTCString() }, 5_000],
    [200, { expires: '0' }, 0],
    [200, { 'cache-control': 'max-age=-1' }, 0],
    [200, { 'cache-control': 'private, max-age=60' }, 0],
    [200, { 'cache-control': 'no-store' }, 0],
    [200, { 'cache-control': 'no-cache' }, 0],
    [200, { 'set-cookie': 'a=b' }, 0],
    [200, { 'set-cookie': ['a=b'] }, 0],
    [200, { vary: 'accept, *' }, 0],
    [200, { 'content-type': 'text/event-stream; charset=utf-8' }, 0],
    [404, {}, 0],
    [404, { 'cache-control': 'max-age=10' }, 10_000],
    [206, { 'cache-control': 'max-age=10' }, 0],
    [304, {}, 0],
    [500, { 'cache-control': 'max-age=10' }, 0],
    [301, {}, 60_000],
  ])('of an answer %i %j keeps it for %i ms', (status, headers, ms) => {
    expect(freshnessMs(status, headers, 60_000, 0)).toBe(ms);
  });
});
