import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { asksForCoding } from './call/asks-for-coding.ts';
import { codingsOf, decodeBody } from './content-coding.ts';

const TEXT = JSON.stringify({ pens: Array.from({ length: 200 }, (_, n) => `pen ${n} ü`) });
const PLAIN = Buffer.from(TEXT);

describe('a body with a content coding', () => {
  it.each([
    ['gzip', gzipSync(PLAIN)],
    ['x-gzip', gzipSync(PLAIN)],
    ['br', brotliCompressSync(PLAIN)],
    ['deflate', deflateSync(PLAIN)],
    ['deflate', deflateRawSync(PLAIN)],
    ['', PLAIN],
    ['identity', PLAIN],
    [' gzip , br', brotliCompressSync(gzipSync(PLAIN))],
    ['GZIP', gzipSync(PLAIN)],
  ])('%s is what it was before', (field, body) => {
    expect(decodeBody(body, codingsOf({ 'content-encoding': field })).toString()).toBe(TEXT);
  });

  it('is raw deflate too, of any length and level', () => {
    for (let length = 0; length < 300; length++) {
      const plain = Buffer.alloc(length, 'ab');
      expect(decodeBody(deflateRawSync(plain), ['deflate'])).toEqual(plain);
      expect(decodeBody(deflateRawSync(plain, { level: 0 }), ['deflate'])).toEqual(plain);
    }
  });

  it('that is empty stays empty, as the answer to HEAD is', () => {
    expect(decodeBody(Buffer.alloc(0), ['gzip'])).toHaveLength(0);
  });

  it.each([
    ['that is cut off', gzipSync(PLAIN).subarray(0, 60), 'gzip', 'unexpected end of file'],
    ['that is something else', PLAIN, 'gzip', 'incorrect header check'],
    ['that nobody here knows', PLAIN, 'zstd', '"zstd" is not among gzip, deflate and br'],
  ])('%s is an error', (_name, body, coding, message) => {
    expect(() => decodeBody(body, [coding])).toThrow(message);
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(2_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(2_000_000))],
    ['deflate', deflateSync(Buffer.alloc(2_000_000))],
    ['deflate', deflateRawSync(Buffer.alloc(2_000_000))],
  ])('%s stops where it grows beyond its limit', (coding, body) => {
    expect(body.length).toBeLessThan(5_000);
    expect(() => decodeBody(body, [coding], 1_000_000)).toThrow(/larger than 1000000/);
  });
});

it('is asked for by the header of that name, in any letters', () => {
  expect(asksForCoding({ headers: { 'Accept-Encoding': 'gzip' } })).toBe(true);
  expect([asksForCoding({}), asksForCoding({ headers: { accept: 'gzip' } })]).toEqual([false, false]);
});
