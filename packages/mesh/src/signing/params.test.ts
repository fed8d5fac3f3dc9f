import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatParams, isToken, parseParams, type SignatureParams, type SignatureTag } from './params.ts';

const COVERED = '("@method" "@path")';
const TAG: SignatureTag = 'express-micro-call';
const PARAMS: SignatureParams = { created: 1_700_000_000, nonce: 'AAAAAAAAAAAAAAAAAAAA_-', kid: 'k-1_X' };
const parse = (text: string): SignatureParams | undefined => parseParams(text, COVERED, TAG, true);

describe('the parameters of a signature', () => {
  it('have one form', () => {
    const text = formatParams(COVERED, TAG, PARAMS);
    expect(text).toBe(
      '("@method" "@path");created=1700000000;nonce="AAAAAAAAAAAAAAAAAAAA_-";keyid="k-1_X";alg="hmac-sha256";tag="express-micro-call"',
    );
    expect(parse(text)).toEqual(PARAMS);
  });

  it('have one form without a nonce', () => {
    const text = formatParams(COVERED, 'express-micro-discovery-response', { ...PARAMS, nonce: '' });
    expect(text).toBe(
      '("@method" "@path");created=1700000000;keyid="k-1_X";alg="hmac-sha256";tag="express-micro-discovery-response"',
    );
    expect(parseParams(text, COVERED, 'express-micro-discovery-response', false)).toEqual({ ...PARAMS, nonce: '' });
    expect(parseParams(text, COVERED, 'express-micro-discovery-response', true)).toBeUndefined();
    expect(parseParams(formatParams(COVERED, TAG, PARAMS), COVERED, TAG, false)).toBeUndefined();
  });

  it('come back the same for every value that can be sent', () => {
    const params = fc.record({
      created: fc.integer({ min: 0, max: 99_999_999_999 }),
      nonce: fc.stringMatching(/^[\w-]{22}$/),
      kid: fc.stringMatching(/^[\w-]{1,32}$/),
    });
    fc.assert(
      fc.property(params, (values) => {
        expect(parse(formatParams(COVERED, TAG, values))).toEqual(values);
      }),
    );
  });

  it('are refused after any change of one place, unless it is another value in the same form', () => {
    const text = formatParams(COVERED, TAG, PARAMS);
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, cut, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        const parsed = parse(changed);
        return parsed === undefined || formatParams(COVERED, TAG, parsed) === changed;
      }),
      { numRuns: 5000 },
    );
  });

  it.each(['', 'k 1', 'k"', 'k.1', 'é', 'k'.repeat(33)])('are refused with the key id %j', (kid) => {
    expect(parse(formatParams(COVERED, TAG, { ...PARAMS, kid }))).toBeUndefined();
  });

  it('never throw, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => parse(text) === undefined && parse(COVERED + text) === undefined),
    );
  });
});

describe('a token', () => {
  it.each([
    ['a', true],
    ['aZ09_-', true],
    ['', false],
    ['a b', false],
    ['a.b', false],
    ['é', false],
    ['a"', false],
    ['a\n', false],
    ['/', false],
    ['@', false],
    ['[', false],
    ['`', false],
    ['{', false],
    [':', false],
  ])('%j is one: %s', (text, expected) => {
    expect(isToken(text)).toBe(expected);
  });
});
