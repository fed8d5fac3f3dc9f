import { systemRandom } from '@express-micro/core';
import { expect, it } from 'vitest';
import { newNonce, newRefreshToken, nextRefreshToken, readRefreshToken } from './refresh-token.ts';

it('is read as it was made', () => {
  const token = newRefreshToken(systemRandom);
  expect(readRefreshToken(token.text)).toEqual(token);
  expect(Buffer.from(token.text, 'base64url')).toHaveLength(48);
});

it('is followed by one that takes both the token and the nonce to make', () => {
  const [token, other] = [newRefreshToken(systemRandom), newRefreshToken(systemRandom)];
  const [nonce, another] = [newNonce(systemRandom), newNonce(systemRandom)];
  const next = nextRefreshToken(token, nonce);
  expect(nextRefreshToken(token, nonce)).toEqual(next);
  expect(next.sessionId).toBe(token.sessionId);
  const proofs = [token, next, nextRefreshToken(token, another), nextRefreshToken(other, nonce)].map(({ proof }) =>
    proof.toString('hex'),
  );
  expect(new Set([...proofs, Buffer.from(nonce, 'base64url').toString('hex')]).size).toBe(5);
});
