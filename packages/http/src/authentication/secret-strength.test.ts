import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { weaknessOf } from './secret-strength.ts';

const said = (text: string) => weaknessOf(Buffer.from(text), 32);

it.each([
  ['secret', '6 bytes long, and 32'],
  ['a'.repeat(64), 'different characters'],
  ['abcdefghijkl'.repeat(4), 'repeated'],
  ['qWeRtZ1234!?'.repeat(3), 'repeated'],
  ['0123456789abcdefghijklmnopqrstuvwxyz', 'neighbouring'],
  ['your-super-secret-jwt-key-change-in-production', 'example'],
  ['this-is-a-very-long-secret-key-for-development-only', 'example'],
  ['please_change_me_to_something_random_and_secure_1234', 'example'],
  ['MySuperSecretPasswordForJWTAuthentication', 'example'],
  ['REPLACE_THIS_WITH_A_LONG_RANDOM_STRING!', 'example'],
  ['your_jwt_secret_key_here_min_32_characters', 'example'],
])('%s is weak', (text, why) => {
  expect(said(text)).toContain(why);
});

it('what machines make is never weak, in whichever form', () => {
  const weak: unknown[] = [];
  for (let round = 0; round < 500; round += 1) {
    const bytes = createHash('sha256').update(`round ${round}`).digest();
    const short = Buffer.from(bytes.toString('hex').slice(0, 32));
    for (const secret of [
      bytes,
      short,
      ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(bytes.toString(form))),
    ]) {
      if (weaknessOf(secret, 32) !== undefined) weak.push(secret.toString());
    }
  }
  expect(weak).toEqual([]);
});

it('a sentence that somebody made up is taken: only what is known to be known is refused', () => {
  expect(said('Vierzig Kraniche zogen gen Umbrien, 1973')).toBeUndefined();
});
