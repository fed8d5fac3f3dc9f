import { parse } from 'node:querystring';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readQuery } from './query.ts';

const asNode = (text: string) => ({ ...parse(text, '&', '=', { maxKeys: 1_000 }) });

describe('the query of a URL', () => {
  it.each([
    'a=1&b=2',
    'a=1&a=2&a=3',
    'a&b=&=c&d==e&&f',
    'a=%20&b=+&a=x%2By',
    '=&=1',
    '&',
    'a=1&',
    'ü=ß',
    'a=%zz',
    'a.b[c]=1',
    'hasOwnProperty=1&toString=2&valueOf=3',
  ])('%s is what Node reads', (text) => {
    expect(readQuery(`/path?${text}`)).toEqual(asNode(text));
  });

  it('is what Node reads, whatever it is', () => {
    const part = fc.oneof(
      fc.constantFrom('a', 'b', '', '=', '&', '%', '+', '%41', '%2', 'length', '0', '?'),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let seen: unknown;
        try {
          seen = readQuery(`/path?${text}`);
        } catch (error) {
          expect(Object.keys(asNode(text)).some((name) => ['__proto__', 'constructor', 'prototype'].includes(name))).toBe(true);
          expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
          return;
        }
        expect(seen).toEqual(asNode(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it.each(['__proto__=1', 'a=1&constructor=2', 'prototype', 'proto%74ype=1'])('%s is refused', (text) => {
    expect(() => readQuery(`/?${text}`)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });

  it('of more than a thousand pairs is refused', () => {
    expect(Object.keys(readQuery(`/?${Array.from({ length: 1_000 }, (_, n) => `a${n}`).join('&')}`))).toHaveLength(1_000);
    expect(() => readQuery(`/?${'a&'.repeat(1_000)}a`)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});
