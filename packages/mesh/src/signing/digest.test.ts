import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentDigest, digestField, parseContentDigest } from './digest.ts';

// RFC 9530 §2 and appendix B.1: the JSON with a line feed; RFC 9421 appendix B.2: the same without one.
const WITH_LINE_FEED = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
const WITHOUT = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';

describe('the digest of a body', () => {
  it('is that of the RFCs for their examples', () => {
    expect(contentDigest('{"hello": "world"}\n')).toBe(WITH_LINE_FEED);
    expect(contentDigest('{"hello": "world"}')).toBe(WITHOUT);
    expect(contentDigest(Buffer.from('{"hello": "world"}'))).toBe(WITHOUT);
  });

  it('is read back to the hash', () => {
    const hash = createHash('sha256').update('{"hello": "world"}').digest();
    expect(parseContentDigest(WITHOUT)).toEqual(hash);
    expect(digestField(hash)).toBe(WITHOUT);
  });

  it.each([
    '',
    WITHOUT.slice(0, -1),
    `${WITHOUT} `,
    ` ${WITHOUT}`,
    `${WITHOUT}, ${WITHOUT}`,
    `${WITHOUT};a=1`,
    WITHOUT.replace('sha-256', 'SHA-256'),
    WITHOUT.replace('sha-256', 'sha-512'),
    WITHOUT.replace('BPE=', 'BPF='), // the same 32 bytes, with a bit set that is not part of them
    WITHOUT.replace('BPE=', 'BPE'),
    WITH_LINE_FEED.replace('/', '_'),
    WITHOUT.replace('X48', 'X4 '),
    WITHOUT.replace('X48', 'X4\n'),
    WITHOUT.replace('X48', 'X4é'),
    'sha-256=::',
    'sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=',
  ])('is refused in any other form: %j', (field) => {
    expect(parseContentDigest(field)).toBeUndefined();
  });

  it('has one spelling for each hash, and reading it never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(parseContentDigest(digestField(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String({ maxLength: 48 }).map((text) => `sha-256=:${text}:`),
        ),
        (field) => {
          const hash = parseContentDigest(field);
          return hash === undefined || digestField(hash) === field;
        },
      ),
    );
  });
});
