import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { systemRandom } from '@express-micro/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recordedLog } from '../manual-clock.test-support.ts';
import type { TokenOptions } from './token-options.ts';
import {
  CLAIMS,
  EC_PAIR,
  ED_PAIR,
  forge,
  hmac,
  noFetch,
  OTHER_SECRET,
  open,
  pem,
  RSA_PAIR,
  reasonOf,
  rsa,
  SECRET,
  standingClock,
} from './tokens.test-support.ts';
import { createTokens, tokensWith } from './tokens.ts';

afterEach(() => vi.unstubAllEnvs());

const misuse = (options: TokenOptions): { code: string; message: string } => {
  try {
    open(options);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('the options were taken');
};
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString());

describe('a token', () => {
  it('says who it is about, what that may, and for how long', async () => {
    const { tokens, clock } = open();
    const token = await tokens.issue({ sub: '42', roles: ['admin'], permissions: ['orders:write'], name: 'Ada' });
    const principal = await tokens.verify(token);
    expect(principal).toMatchObject({ kind: 'user', id: '42', roles: ['admin'], permissions: ['orders:write'] });
    const seconds = clock.epochMs() / 1_000;
    expect(principal.claims).toMatchObject({
      name: 'Ada',
      iss: 'https://id.test',
      aud: 'shop',
      iat: seconds,
      exp: seconds + 900,
    });
    clock.pass(900_000 + 4_999);
    expect((await tokens.verify(token)).id).toBe('42');
    clock.pass(1);
    expect(await reasonOf(tokens.verify(token))).toContain('"exp"');
  });

  it.each([
    ['RSA', RSA_PAIR, 'RS256'],
    ['EC', EC_PAIR, 'ES256'],
    ['Ed25519', ED_PAIR, 'EdDSA'],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'ES384'],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'ES512'],
  ] as const)('is signed by a private key of kind %s and verified by the public one, in every form', async (_kind, pair, alg) => {
    const signer = open({ key: pem(pair.privateKey) }).tokens;
    const token = await signer.issue({ sub: '1' });
    expect(headerOf(token).alg).toBe(alg);
    const [jwk] = signer.publicKeys().keys;
    expect(jwk).not.toHaveProperty('d');
    for (const key of [
      pem(pair.publicKey),
      pem(pair.publicKey).replaceAll('\n', '\\n'),
      pair.publicKey,
      jwk,
      signer.publicKeys(),
    ] as never[]) {
      const verifier = open({ key }).tokens;
      expect((await verifier.verify(token)).id).toBe('1');
      await expect(verifier.issue({ sub: '1' })).rejects.toMatchObject({ code: 'HTTP_SIGNING_KEY_MISSING' });
    }
  });

  it.each(['HS256', 'HS384', 'HS512'])('is signed with %s where a secret is to do so', async (algorithm) => {
    const secret = systemRandom.bytes(64);
    const { tokens } = open({ secret, algorithms: [algorithm] });
    const token = await tokens.issue({ sub: '1' });
    expect(headerOf(token)).toMatchObject({ alg: algorithm, typ: 'JWT' });
    expect((await tokens.verify(token)).id).toBe('1');
    expect(
      await reasonOf(open({ secret, algorithms: [algorithm === 'HS256' ? 'HS512' : 'HS256'] }).tokens.verify(token)),
    ).toContain('no key');
  });

  it.each(['PS256', 'PS384', 'PS512', 'RS384', 'RS512'])('is signed with %s where that is asked for', async (algorithm) => {
    const { tokens } = open({ key: RSA_PAIR.privateKey, algorithms: [algorithm] });
    const token = await tokens.issue({ sub: '1' });
    expect(headerOf(token).alg).toBe(algorithm);
    expect((await tokens.verify(token)).id).toBe('1');
    expect((await open({ key: RSA_PAIR.publicKey }).tokens.verify(token)).id).toBe('1');
  });

  it('of the secret before counts until that is taken out, and new ones are made with the first', async () => {
    const before = await open({ secret: OTHER_SECRET }).tokens.issue({ sub: '1' });
    const both = open({ secret: [SECRET, OTHER_SECRET] }).tokens;
    expect((await both.verify(before)).id).toBe('1');
    const after = await both.issue({ sub: '2' });
    const { tokens } = open({ secret: createSecretKey(Buffer.from(SECRET)) });
    expect((await tokens.verify(after)).id).toBe('2');
    expect(await reasonOf(tokens.verify(before))).toContain('no key');
  });

  it('of another program, without a kid, counts', async () => {
    const { tokens } = open({ secret: [OTHER_SECRET, SECRET] });
    expect((await tokens.verify(forge({ alg: 'HS256', typ: 'JWT' }, CLAIMS, hmac(SECRET)))).roles).toEqual(['clerk']);
    expect((await tokens.verify(forge({ alg: 'HS256' }, CLAIMS, hmac(SECRET)))).id).toBe('42');
  });

  it('must be of the type that is asked for', async () => {
    const { tokens } = open({ type: 'at+jwt' });
    expect(headerOf(await tokens.issue({ sub: '1' })).typ).toBe('at+jwt');
    expect((await tokens.verify(forge({ alg: 'HS256', typ: 'application/AT+JWT' }, CLAIMS, hmac(SECRET)))).id).toBe('42');
    expect(await reasonOf(tokens.verify(forge({ alg: 'HS256', typ: 'JWT' }, CLAIMS, hmac(SECRET))))).toBe('the type is another');
    expect(await reasonOf(tokens.verify(forge({ alg: 'HS256' }, CLAIMS, hmac(SECRET))))).toBe('the type is another');
  });

  it('tells roles and permissions by the claims that are named, as lists or as words', async () => {
    const { tokens } = open({ roles: (claims) => (claims.realm as { roles: string[] }).roles, permissions: 'scope' });
    const token = await tokens.issue({ sub: '1', realm: { roles: ['a'] }, scope: 'x:read  x:write' });
    expect(await tokens.verify(token)).toMatchObject({ roles: ['a'], permissions: ['x:read', 'x:write'] });
    for (const roles of [[1], { a: 1 }, 7, [['admin']]]) {
      const odd = forge({ alg: 'HS256' }, { ...CLAIMS, roles }, hmac(SECRET));
      expect(await reasonOf(open().tokens.verify(odd))).toBe('the roles are no list of texts');
    }
  });

  it('cannot be changed by who reads it, for it serves the next request too', async () => {
    const { tokens } = open();
    const principal = await tokens.verify(await tokens.issue({ sub: '1', roles: ['a'], deep: { list: [1] } }));
    expect(() => (principal.roles as string[]).push('admin')).toThrow(TypeError);
    expect(() => (principal.claims as unknown as { deep: { list: number[] } }).deep.list.push(2)).toThrow(TypeError);
    expect(() => Object.assign(principal, { id: '2' })).toThrow(TypeError);
  });
});

describe('a token that was verified before', () => {
  it('is not verified again, expires all the same, and is asked whether it was revoked each time', async () => {
    const revoked = new Set<unknown>();
    const isRevoked = vi.fn(({ jti }: Readonly<Record<string, unknown>>) => revoked.has(jti));
    const { tokens, clock } = open({ isRevoked });
    const token = await tokens.issue({ sub: '1' });
    const first = await tokens.verify(token);
    expect(await tokens.verify(token)).toBe(first);
    expect(isRevoked).toHaveBeenCalledTimes(2);
    revoked.add(first.claims.jti);
    expect(await reasonOf(tokens.verify(token))).toBe('it has been revoked');
    revoked.clear();
    expect(await tokens.verify(token)).toBe(first);
    clock.pass(905_000);
    expect(await reasonOf(tokens.verify(token))).toContain('"exp"');
  });

  it('does not count before its time when the clock is set back', async () => {
    const { tokens, clock } = open();
    const token = forge({ alg: 'HS256' }, { ...CLAIMS, nbf: CLAIMS.iat + 60 }, hmac(SECRET));
    clock.pass(60_000);
    expect((await tokens.verify(token)).id).toBe('42');
    clock.pass(-6_000);
    expect(await reasonOf(tokens.verify(token))).toContain('"nbf"');
  });

  it('is forgotten when there are too many, and with cacheSize: false at once', async () => {
    const { tokens } = open({ cacheSize: 1 });
    const [one, two, three] = (await Promise.all(['1', '2', '3'].map((sub) => tokens.issue({ sub })))) as [
      string,
      string,
      string,
    ];
    const first = await tokens.verify(one);
    await tokens.verify(two);
    expect(await tokens.verify(one)).toBe(first);
    await tokens.verify(two);
    await tokens.verify(three);
    await tokens.verify(two);
    expect(await tokens.verify(one)).not.toBe(first);
    const never = open({ cacheSize: false }).tokens;
    const token = await never.issue({ sub: '1' });
    expect(await never.verify(token)).not.toBe(await never.verify(token));
  });

  it('does not count when the question whether it was revoked gets no clear no, or fails', async () => {
    for (const isRevoked of [() => undefined, () => 0, async () => 'no']) {
      const { tokens } = open({ isRevoked: isRevoked as never });
      expect(await reasonOf(tokens.verify(await tokens.issue({ sub: '1' })))).toBe('it has been revoked');
    }
    const down = new Error('the database is down');
    const { tokens } = open({ isRevoked: () => Promise.reject(down) });
    await expect(tokens.verify(await tokens.issue({ sub: '1' }))).rejects.toBe(down);
  });
});

describe('who runs the service', () => {
  it('hears why a token did not count', async () => {
    const onRefused = vi.fn();
    const { tokens } = open({ onRefused });
    await reasonOf(tokens.verify('junk'));
    const req = { headers: { authorization: 'Bearer AAAA.AAAA.AAAA' } };
    await expect(tokens.identify(req as never)).rejects.toMatchObject({ status: 401 });
    expect(onRefused.mock.calls).toEqual([
      ['the token is no JWT', undefined],
      ['the header is not valid JSON', req],
    ]);
  });

  it('is answered the same where who hears of it fails, and the log is told', async () => {
    const log = recordedLog();
    const rejects = async () => {
      throw new Error('no disk');
    };
    const throws = () => {
      throw new Error('no disk');
    };
    for (const onRefused of [rejects, throws]) {
      const { tokens } = open({ onRefused, log });
      await reasonOf(tokens.verify('junk'));
      await expect(tokens.verify(forge({ alg: 'HS256' }, CLAIMS, hmac(OTHER_SECRET)))).rejects.toMatchObject({ status: 401 });
    }
    expect(log.lines).toEqual(Array(4).fill('error: onRefused of createTokens() failed: no disk'));
  });

  it('has the reason of the key that fits, not of one that was tried after it', async () => {
    const { tokens } = open({ secret: [SECRET, OTHER_SECRET] });
    for (const secret of [SECRET, OTHER_SECRET])
      expect(await reasonOf(tokens.verify(forge({ alg: 'HS256' }, { ...CLAIMS, exp: 1 }, hmac(secret))))).toContain('"exp"');
    expect(await reasonOf(tokens.verify(forge({ alg: 'HS256' }, CLAIMS, hmac('another'))))).toContain('signature');
  });
});

describe('secrets and keys at start', () => {
  const log = () => ({ info: vi.fn(), warn: vi.fn(), error: vi.fn() });
  const surroundings = { clock: standingClock(), random: systemRandom, fetch: noFetch };

  it('a missing secret refuses to start in production, and is a random one with a warning elsewhere', async () => {
    vi.stubEnv('JWT_SECRET', '');
    const said = log();
    const tokens = tokensWith({ log: said }, surroundings);
    expect((await tokens.verify(await tokens.issue({ sub: '1' }))).id).toBe('1');
    expect(said.warn.mock.calls.flat().join()).toMatch(/no secret to sign tokens with\. A random one is used.*JWT_SECRET/);
    const other = tokensWith({ log: said }, surroundings);
    await expect(other.verify(await tokens.issue({ sub: '1' }))).rejects.toMatchObject({ status: 401 });
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => createTokens({ issuer: false, audience: false })).toThrow(
      expect.objectContaining({ code: 'HTTP_SECRET_MISSING' }),
    );
    vi.stubEnv('JWT_SECRET', SECRET);
    expect((await createTokens({ issuer: false, audience: false }).issue({ sub: '1' })).split('.')).toHaveLength(3);
  });

  it.each(['secret', 'changeme', 'x'.repeat(64), 'your-256-bit-secret', 'your-super-secret-jwt-key-change-in-production'])(
    'the secret "%s" refuses to start in production, and is warned of elsewhere, without being repeated',
    (secret) => {
      const said = log();
      tokensWith({ secret, log: said }, surroundings);
      expect(said.warn).toHaveBeenCalledOnce();
      vi.stubEnv('NODE_ENV', 'production');
      const { code, message } = misuse({ secret });
      expect(code).toBe('HTTP_SECRET_WEAK');
      expect(`${message}${said.warn.mock.calls}`).not.toContain(`"${secret}"`);
      expect(message).toContain('randomBytes');
    },
  );

  it('a secret has as many bytes as the hash, and each of several is looked at', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(misuse({ algorithms: ['HS512'] })).toMatchObject({
      code: 'HTTP_SECRET_WEAK',
      message: expect.stringContaining('42 bytes long, and 64'),
    });
    expect(misuse({ secret: [SECRET, 'secret'] }).message).toContain('Secret 2');
  });

  it('an RSA key of less than 2048 bits refuses to start everywhere', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    expect(misuse({ key: privateKey })).toMatchObject({
      code: 'HTTP_SECRET_WEAK',
      message: expect.stringContaining('1024 bits'),
    });
  });

  it('issuer and audience have to be chosen in production, be it with false', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(misuse({ issuer: undefined }).message).toContain('issuer: false');
    expect(misuse({ audience: undefined }).message).toContain('audience: false');
    expect(() => open({ issuer: false, audience: false })).not.toThrow();
  });

  it.each<[string, TokenOptions | Record<string, unknown>, string]>([
    ['a key as a secret', { secret: pem(RSA_PAIR.publicKey) }, 'Give it as "key"'],
    ['a KeyObject as a secret', { secret: RSA_PAIR.publicKey }, 'Give it as "key"'],
    ['a secret and a key', { secret: SECRET, key: RSA_PAIR.publicKey }, '"secret" and "key"'],
    ['broken PEM', { key: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }, 'cannot be read'],
    ['a key for encryption', { key: { ...RSA_PAIR.publicKey.export({ format: 'jwk' }), use: 'enc' } }, '"use" is "enc"'],
    ['a key for other operations', { key: { ...RSA_PAIR.publicKey.export({ format: 'jwk' }), key_ops: ['encrypt'] } }, 'key_ops'],
    ['a key of another kind', { key: generateKeyPairSync('x25519').publicKey }, 'x25519'],
    ['a curve of another kind', { key: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey }, 'secp256k1'],
    ['an algorithm for another key', { key: RSA_PAIR.publicKey, algorithms: ['HS256'] }, 'fits none of HS256'],
    ['none as algorithm', { algorithms: ['none'] }, 'it takes a list of HS256'],
    ['the same key twice', { key: [RSA_PAIR.publicKey, RSA_PAIR.privateKey] }, 'Each key needs its own'],
    ['an empty secret', { secret: '' }, 'a value that is not shown here'],
    ['a plain JWKS', { jwksUrl: 'http://id.test/jwks' }, 'it must be https'],
    ['a password in a URL', { jwksUrl: 'https://u:p@id.test/jwks' }, 'a password'],
    ['jwks: false', { jwks: false }, 'it takes an object'],
    ['an unknown option', { secrets: [] }, 'Unknown option "secrets"'],
    ['an endless tolerance', { clockToleranceMs: 3_600_000 }, 'from 0 to 60000'],
    ['an empty list', { issuer: [] }, 'a text, a list of texts, or false'],
    ['a log that is none', { log: {} }, 'info, warn and error'],
  ])('%s is an error that says so', (_what, options, text) => {
    const { code, message } = misuse(options as TokenOptions);
    expect(code).toBe('HTTP_OPTION_INVALID');
    expect(message).toContain(text);
    expect(message).not.toContain(SECRET);
  });

  it.each([
    [{ sub: '' }, 'a "sub"'],
    [{ sub: 5 }, 'a "sub"'],
    [undefined, 'a "sub"'],
    [{ sub: '1', exp: 1 }, '"exp"'],
    [{ sub: '1', iss: 'me' }, '"iss"'],
  ])('issue(%j) is an error that says so', async (claims, text) => {
    await expect(open().tokens.issue(claims as never)).rejects.toThrow(text);
  });

  it('a life that is none is an error', async () => {
    for (const lifetimeMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(open().tokens.issue({ sub: '1' }, { lifetimeMs })).rejects.toMatchObject({ code: 'HTTP_OPTION_INVALID' });
  });
});

it('a public key that is published is no secret: what is signed with it is refused', async () => {
  const { tokens } = open({ key: RSA_PAIR.publicKey });
  for (const secret of [pem(RSA_PAIR.publicKey), RSA_PAIR.publicKey.export({ type: 'spki', format: 'der' })])
    expect(await reasonOf(tokens.verify(forge({ alg: 'HS256' }, CLAIMS, hmac(secret))))).toContain('no key');
  expect((await tokens.verify(forge({ alg: 'RS256' }, CLAIMS, rsa(RSA_PAIR.privateKey)))).id).toBe('42');
});
