import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { CLAIMS, forge, hmac, open, reasonOf, SECRET } from './tokens.test-support.ts';

const { tokens } = open({ cacheSize: 10 });
const RUNS = { numRuns: 2_000 };
vi.setConfig({ testTimeout: 60_000 });

/** Let in as somebody, or refused in the usual words: nothing else comes of a token. */
async function outcome(token: string): Promise<string> {
  const principal = await tokens.verify(token).catch(() => undefined);
  if (principal === undefined) return reasonOf(tokens.verify(token));
  expect(principal).toMatchObject({ kind: 'user', id: expect.stringMatching(/^.{1,256}$/s), claims: { iss: CLAIMS.iss } });
  expect(principal.roles.every((role) => typeof role === 'string')).toBe(true);
  return '';
}

it('any text is refused', async () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 400 }),
    fc.array(fc.base64String(), { maxLength: 5 }).map((parts) => parts.join('.')),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      expect(await outcome(text)).not.toBe('');
    }),
    RUNS,
  );
});

it('any header over the right claims, signed rightly, is refused or lets in who it says', async () => {
  const value = fc.oneof(fc.json(), fc.constantFrom('"HS256"', '"none"', '"JWT"', 'null', '{}', '["b64"]'));
  const names = fc.constantFrom(
    'alg',
    'kid',
    'typ',
    'crit',
    'b64',
    'jwk',
    'jku',
    'x5c',
    'cty',
    'zip',
    'enc',
    'p2c',
    '__proto__',
    'constructor',
  );
  const headers = fc
    .array(fc.tuple(names, value), { maxLength: 6 })
    .map((pairs) => `{${pairs.map(([name, text]) => `"${name}":${text}`).join()}}`);
  let letIn = 0;
  await fc.assert(
    fc.asyncProperty(fc.boolean(), headers, async (isRight, header) => {
      const text = isRight ? header.replace(/\}$/, `${header === '{}' ? '' : ','}"alg":"HS256"}`) : header;
      if ((await outcome(forge(text, CLAIMS, hmac(SECRET)))) === '') letIn += 1;
    }),
    RUNS,
  );
  expect(letIn).toBeGreaterThan(0);
  expect({}).not.toHaveProperty('alg');
});

it('any claims, signed rightly, are refused or let in who they say', async () => {
  const names = fc.constantFrom(
    'sub',
    'iss',
    'aud',
    'exp',
    'nbf',
    'iat',
    'roles',
    'permissions',
    'jti',
    '__proto__',
    'constructor',
  );
  const value = fc.oneof(
    fc.json(),
    fc.json({ maxDepth: 40 }),
    fc.constantFrom('1e400', '-1', '"a b"', '["a"]', 'null', `${CLAIMS.exp}`),
  );
  const claims = fc.array(fc.tuple(names, value), { maxLength: 3 });
  let letIn = 0;
  await fc.assert(
    fc.asyncProperty(claims, async (pairs) => {
      const extra = pairs.map(([name, text]) => `,"${name}":${text}`).join('');
      if ((await outcome(forge({ alg: 'HS256' }, JSON.stringify(CLAIMS).replace(/\}$/, `${extra}}`), hmac(SECRET)))) === '')
        letIn += 1;
    }),
    RUNS,
  );
  expect(letIn).toBeGreaterThan(0);
  expect({}).not.toHaveProperty('roles');
});
