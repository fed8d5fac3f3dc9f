import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { isJwt } from './token-header.ts';

const part = (value: string | Buffer) => Buffer.from(value).toString('base64url');
const signature = createHmac('sha256', 'key').update('x').digest('base64url');
const token = `${part('{"alg":"HS256"}')}.${part('{"sub":"1"}')}.${signature}`;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

it('a token is one text: what decodes to the same bytes in other letters is none', () => {
  expect(isJwt(token)).toBe(true);
  const bytes = Buffer.from(signature, 'base64url');
  const twins = [...ALPHABET]
    .map((last) => signature.slice(0, -1) + last)
    .filter((twin) => Buffer.from(twin, 'base64url').equals(bytes));
  // Two bits of the last letter say nothing: four texts for the same signature.
  expect(twins).toHaveLength(4);
  expect(twins.filter((twin) => isJwt(token.replace(signature, twin)))).toEqual([signature]);
});

it('parts of every length are read as they are written', () => {
  for (let length = 1; length < 40; length++) {
    const claims = part(Buffer.alloc(length, 0xff));
    expect([length, isJwt(`${claims}.${claims}.${claims}`)]).toEqual([length, true]);
  }
  for (const text of ['', '.', '..', 'AAAA', 'AAAA.AAAA', '.AAAA.AAAA', 'AAAA..AAAA', 'AAAA.AAAA.AAAA.AAAA', 'AAAA.AAAA.AA=='])
    expect([text, isJwt(text)]).toEqual([text, false]);
  expect(isJwt('AAAA.AAAA.')).toBe(true);
});
