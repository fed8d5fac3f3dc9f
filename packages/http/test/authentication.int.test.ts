import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authenticate,
  authorize,
  authorizeIf,
  createApiKeys,
  createPasswords,
  createSessions,
  createTokens,
  type Grant,
  memorySessionStore,
  type StoredApiKey,
  scrypt,
  type Tokens,
} from '../src/index.ts';
import { FRAMEWORKS, seen } from './guarded-apps.test-support.ts';

const SECRET = 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi';
const RSA = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const MALLORY = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;
const usual = { issuer: 'https://id.test', audience: 'shop' };

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const forge = (header: unknown, claims: unknown, sign: (input: string) => string) => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(input)}`;
};
const hs =
  (secret: string | Buffer, hash = 'sha256') =>
  (input: string) =>
    createHmac(hash, secret).update(input).digest('base64url');
const rs = (key: KeyObject) => (input: string) => createSign('RSA-SHA256').update(input).sign(key, 'base64url');
const seconds = () => Math.floor(Date.now() / 1_000);
const claims = (extra: object = {}) => ({
  sub: '42',
  iss: usual.issuer,
  aud: usual.audience,
  roles: ['admin'],
  iat: seconds(),
  exp: seconds() + 900,
  ...extra,
});

/** What is right for one kind of key, to be made wrong. */
interface Target {
  readonly alg: string;
  readonly kid: string;
  sign(input: string): string;
}

type Attack = readonly [string, (target: Target) => string | Promise<string>];
const signed = (header: object, extra?: object) => (target: Target) =>
  forge({ alg: target.alg, kid: target.kid, typ: 'JWT', ...header }, claims(extra), target.sign);
const mallorysJwk = { ...MALLORY.publicKey.export({ format: 'jwk' }), kid: 'm' };

const ATTACKS: readonly Attack[] = [
  ['alg none, without a signature', () => forge({ alg: 'none' }, claims(), () => '')],
  ['alg None', () => forge({ alg: 'None' }, claims(), () => '')],
  ['alg nOnE, with a signature', (target) => forge({ alg: 'nOnE', kid: target.kid }, claims(), target.sign)],
  ['alg empty', (target) => forge({ alg: '' }, claims(), target.sign)],
  ['no alg', (target) => forge({ typ: 'JWT' }, claims(), target.sign)],
  ['alg a list', (target) => forge({ alg: ['HS256', 'RS256'] }, claims(), target.sign)],
  ['alg of the prototype', (target) => forge({ alg: 'constructor' }, claims(), target.sign)],
  ['signature cut off', (target) => `${signed({})(target).split('.').slice(0, 2).join('.')}.`],
  [
    'signature of another token',
    (target) => [...signed({})(target).split('.').slice(0, 2), signed({}, { sub: 'x' })(target).split('.')[2]].join('.'),
  ],
  ['one bit of the signature', (target) => signed({})(target).replace(/.{8}$/, 'AAAAAAAA')],
  [
    'claims changed',
    (target) => {
      const [head, , end] = signed({})(target).split('.');
      return [head, encode(claims({ sub: 'root' })), end].join('.');
    },
  ],
  ['key confusion: the public key as a secret', () => forge({ alg: 'HS256' }, claims(), hs(pem(RSA.publicKey)))],
  [
    'key confusion: the public key in DER',
    () => forge({ alg: 'HS256' }, claims(), hs(RSA.publicKey.export({ type: 'spki', format: 'der' }))),
  ],
  ['key confusion: the modulus', () => forge({ alg: 'HS256' }, claims(), hs(String(RSA.publicKey.export({ format: 'jwk' }).n)))],
  ['key confusion: RS256 against a secret', () => forge({ alg: 'RS256' }, claims(), rs(MALLORY.privateKey))],
  ['a weaker or stronger hash', () => forge({ alg: 'HS512' }, claims(), hs(SECRET, 'sha512'))],
  ['an empty secret', () => forge({ alg: 'HS256' }, claims(), hs(''))],
  ['a secret that many have', () => forge({ alg: 'HS256' }, claims(), hs('secret'))],
  ['another key', () => forge({ alg: 'RS256' }, claims(), rs(MALLORY.privateKey))],
  ['kid a path', (target) => forge({ alg: target.alg, kid: '../../../../dev/null' }, claims(), hs(''))],
  ['kid a path, signed rightly', signed({ kid: '/dev/null' })],
  ['kid SQL', signed({ kid: "' UNION SELECT 'secret' -- " })],
  ['kid a URL', signed({ kid: 'https://mallory.test/keys' })],
  ['kid a command', signed({ kid: '| id' })],
  ['kid of nobody', signed({ kid: 'unknown' })],
  ['kid of the prototype', signed({ kid: '__proto__' })],
  ['kid no text', signed({ kid: { $ne: null } })],
  ['kid a list', (target) => signed({ kid: [target.kid] })(target)],
  ['kid huge', signed({ kid: 'k'.repeat(4_000) })],
  ['jwk in the header', () => forge({ alg: 'RS256', jwk: mallorysJwk }, claims(), rs(MALLORY.privateKey))],
  [
    'jku in the header',
    () => forge({ alg: 'RS256', jku: 'https://mallory.test/jwks', kid: 'm' }, claims(), rs(MALLORY.privateKey)),
  ],
  ['x5u in the header', () => forge({ alg: 'RS256', x5u: 'https://mallory.test/cert' }, claims(), rs(MALLORY.privateKey))],
  [
    'x5c in the header',
    () =>
      forge(
        { alg: 'RS256', x5c: [MALLORY.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] },
        claims(),
        rs(MALLORY.privateKey),
      ),
  ],
  ['crit with something unknown', signed({ crit: ['exp'], exp: 1 })],
  ['crit with b64', signed({ crit: ['b64'], b64: false })],
  [
    'b64 without crit, and the claims in clear',
    (target) => {
      const head = encode({ alg: target.alg, b64: false });
      return `${head}.{}.${target.sign(`${head}.{}`)}`;
    },
  ],
  ['typ of an ID token of another kind', signed({ typ: 'dpop+jwt' })],
  ['typ no text', signed({ typ: 7 })],
  ['__proto__ in the header', (target) => forge(`{"alg":"${target.alg}","__proto__":{"kid":"x"}}`, claims(), target.sign)],
  ['expired', signed({}, { exp: seconds() - 60 })],
  ['expired long ago', signed({}, { exp: 0 })],
  ['no exp', signed({}, { exp: undefined })],
  ['exp a text', signed({}, { exp: '9999999999' })],
  ['exp null', signed({}, { exp: null })],
  ['not yet', signed({}, { nbf: seconds() + 600 })],
  ['nbf a text', signed({}, { nbf: 'now' })],
  ['wrong audience', signed({}, { aud: 'bank' })],
  ['wrong audiences', signed({}, { aud: ['bank', 'shop2'] })],
  ['no audience', signed({}, { aud: undefined })],
  ['audience an object', signed({}, { aud: { shop: true } })],
  ['wrong issuer', signed({}, { iss: 'https://id.test.mallory.test' })],
  ['issuer in another case', signed({}, { iss: 'https://ID.test' })],
  ['issuer a list', signed({}, { iss: ['https://id.test'] })],
  ['no issuer', signed({}, { iss: undefined })],
  ['no sub', signed({}, { sub: undefined })],
  ['sub empty', signed({}, { sub: '' })],
  ['sub no text', signed({}, { sub: 42 })],
  ['sub huge', signed({}, { sub: 's'.repeat(2_000) })],
  ['roles no list', signed({}, { roles: { admin: true } })],
  ['claims a list', (target) => forge({ alg: target.alg }, [claims()], target.sign)],
  ['claims a text', (target) => forge({ alg: target.alg }, '"admin"', target.sign)],
  ['claims no JSON', (target) => forge({ alg: target.alg }, '{"sub":', target.sign)],
  [
    'claims no UTF-8',
    (target) => {
      const input = `${encode({ alg: target.alg })}.${Buffer.from([0xff, 0xfe]).toString('base64url')}`;
      return `${input}.${target.sign(input)}`;
    },
  ],
  ['huge', signed({}, { padding: 'x'.repeat(10_000) })],
  ['a JWE', () => `${encode({ alg: 'dir', enc: 'A256GCM' })}..${'A'.repeat(16)}.${'A'.repeat(16)}.${'A'.repeat(22)}`],
  ['no dots', () => 'a'.repeat(100)],
  ['dots only', () => '..'],
  ['four parts', (target) => `${signed({})(target)}.e30`],
  ['header no JSON', (target) => forge('{', claims(), target.sign)],
  ['header null', (target) => forge('null', claims(), target.sign)],
  ['header a list', (target) => forge('[]', claims(), target.sign)],
  ['padding', (target) => `${signed({})(target)}==`],
  ['base64 instead of base64url', (target) => signed({})(target).replace('.', '+/.')],
  ['empty', () => ''],
  ['another token behind it', (target) => `${signed({})(target)} ${signed({})(target)}`],
];

describe.each(FRAMEWORKS)('tokens on %s', (_framework, serve) => {
  const hmacTokens = () => createTokens({ ...usual, secret: SECRET, log: false });
  const kidOf = async (tokens: Tokens) =>
    JSON.parse(Buffer.from((await tokens.issue({ sub: '1' })).split('.')[0] as string, 'base64url').toString()).kid as string;

  async function target(kind: 'secret' | 'key'): Promise<{ tokens: Tokens; target: Target }> {
    if (kind === 'secret') {
      const tokens = hmacTokens();
      return { tokens, target: { alg: 'HS256', kid: await kidOf(tokens), sign: hs(SECRET) } };
    }
    const signer = createTokens({ ...usual, key: RSA.privateKey });
    return {
      tokens: createTokens({ ...usual, key: pem(RSA.publicKey) }),
      target: { alg: 'RS256', kid: await kidOf(signer), sign: rs(RSA.privateKey) },
    };
  }

  it.each(['secret', 'key'] as const)('the attack list against a %s: all 401, all the same bytes', async (kind) => {
    const { tokens, target: aim } = await target(kind);
    const url = await serve({ '/': [authenticate(tokens), authorize('admin')] });
    const ask = (token: string) => fetch(url, { headers: { authorization: `Bearer ${token}` } });
    // What the attacks are made from is right.
    expect((await ask(signed({})(aim))).status).toBe(200);
    const answers = new Map<string, string[]>();
    for (const [name, make] of ATTACKS) {
      const answer = await ask(await make(aim));
      const is = answer.status === 401 ? await seen(answer) : `${answer.status}`;
      answers.set(is, [...(answers.get(is) ?? []), name]);
    }
    expect([...answers.values()]).toEqual([ATTACKS.map(([name]) => name)]);
    expect([...answers.keys()][0]).toContain(String.raw`"www-authenticate":"Bearer error=\"invalid_token\""`);
  });

  it('made-up tokens and headers of all kinds, a hundred at once: never a 5xx, never let in', async () => {
    const { tokens, target: aim } = await target('secret');
    const url = await serve({ '/': [authenticate(tokens, createApiKeys({ find: () => undefined }))] });
    const good = signed({})(aim);
    const visible = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => (code === 0x7f ? ' ' : String.fromCharCode(code))),
      maxLength: 300,
    });
    const parts = fc.array(fc.oneof(visible.map(encode), fc.json().map(encode), visible, fc.constantFrom(...good.split('.'))), {
      maxLength: 5,
    });
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom('A', '.', ' ', '=', '_', '0'))
      .map(([at, letter]) => good.slice(0, at) + letter + good.slice(at + 1))
      .filter((token) => token !== good);
    const tokensOf = fc.oneof(
      parts.map((list) => list.join('.')),
      mutated,
      visible,
    );
    const headers = fc.oneof(
      tokensOf.map((token) => ({ authorization: `Bearer ${token}` })),
      visible.map((authorization) => ({ authorization })),
      visible.map((key) => ({ 'x-api-key': key })),
      visible.map((key) => ({ 'x-api-key': `key_0123456789abcdef_${key}` })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { minLength: 100, maxLength: 100 }), async (many) => {
        const statuses = await Promise.all(many.map(async (each) => (await fetch(url, { headers: each })).status));
        expect(statuses.filter((status) => status !== 401)).toEqual([]);
      }),
      { numRuns: 12, endOnFailure: true },
    );
    expect((await fetch(url, { headers: { authorization: `Bearer ${good}` } })).status).toBe(200);
    expect(Object.prototype).not.toHaveProperty('kid');
  });

  it('say who it is to the route, by user, key and role', async () => {
    const tokens = hmacTokens();
    const stored = new Map<string, StoredApiKey>();
    const keys = createApiKeys({ find: (id) => stored.get(id) });
    const { key, id, hash } = keys.issue();
    stored.set(id, { hash, roles: ['reporter'] });
    const url = await serve({
      '/me': [authenticate(tokens)],
      '/report': [authenticate(tokens, keys), authorize('reporter', 'admin')],
      '/own/42': [authenticate(tokens), authorizeIf(async (req) => req.url?.endsWith(`/${req.principal.id}`) === true)],
      '/naked': [authorize('admin')],
    });
    const as = async (path: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(url + path, { headers });
      return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.json() };
    };
    const user = { authorization: `Bearer ${await tokens.issue({ sub: '42', roles: ['clerk'] })}` };
    const other = { authorization: `Bearer ${await tokens.issue({ sub: '43' })}` };
    expect(await as('/me', user)).toMatchObject({
      status: 200,
      body: { user: { id: '42', roles: ['clerk'] }, principal: { kind: 'user' } },
    });
    expect(await as('/me')).toEqual({
      status: 401,
      challenge: 'Bearer',
      body: { message: 'Authentication required', code: 'UNAUTHORIZED' },
    });
    expect(await as('/report', user)).toEqual({
      status: 403,
      challenge: 'Bearer error="insufficient_scope"',
      body: { message: 'Not allowed', code: 'FORBIDDEN' },
    });
    expect(await as('/report', { 'x-api-key': key })).toMatchObject({
      status: 200,
      body: { user: null, principal: { kind: 'key', id } },
    });
    expect(await as('/report')).toMatchObject({ status: 401, challenge: 'Bearer, ApiKey' });
    expect([(await as('/own/42', user)).status, (await as('/own/42', other)).status]).toEqual([200, 403]);
    expect(await as('/naked')).toMatchObject({ status: 401, challenge: 'Bearer' });
  });
});

describe.each(FRAMEWORKS)('logins on %s', (_framework, serve) => {
  const passwords = createPasswords({ hasher: scrypt({ logCost: 8, parallelism: 1 }), log: false });

  async function start() {
    const ada = {
      id: '1',
      email: 'ada@shop.test',
      passwordHash: await passwords.hash('correct horse battery'),
      roles: ['clerk'],
    };
    const off = { ...ada, id: '2', email: 'off@shop.test', isDisabled: true };
    const users = [ada, off];
    const tokens = createTokens({ ...usual, secret: SECRET, isRevoked: (each) => sessions.isEnded(each) });
    const sessions = createSessions({
      tokens,
      users: {
        findByLogin: (login) => users.find(({ email }) => email === login),
        findById: (id) => users.find((user) => user.id === id),
      },
      passwords,
      store: memorySessionStore(),
      present: (user) => user,
      log: false,
    });
    const url = await serve({
      '/login': [sessions.login],
      '/refresh': [sessions.refresh],
      '/logout': [sessions.logout],
      '/leave': [authenticate(tokens), sessions.logout],
      '/leave-everywhere': [authenticate(tokens), sessions.logoutEverywhere],
      '/me': [authenticate(tokens)],
    });
    const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      fetch(url + path, {
        method: 'POST',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      });
    const login = async () =>
      (await (await post('/login', { email: ada.email, password: 'correct horse battery' })).json()) as Grant & { user: object };
    const me = async (grant: Grant) =>
      (await fetch(`${url}/me`, { headers: { authorization: `Bearer ${grant.accessToken}` } })).status;
    return { url, post, login, me };
  }

  it('give tokens and the user, never its hash, and no cache keeps them', async () => {
    const { post, me } = await start();
    const answer = await post('/login', { email: 'ada@shop.test', password: 'correct horse battery' });
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('content-type')]).toEqual([
      200,
      'no-store',
      'application/json; charset=utf-8',
    ]);
    const text = await answer.text();
    expect(text).not.toMatch(/scrypt|passwordHash/);
    const grant = JSON.parse(text) as Grant;
    expect(grant).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^[\w-]{64}$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      user: { id: '1', email: 'ada@shop.test', roles: ['clerk'] },
    });
    expect(await me(grant)).toBe(200);
  });

  it('that fail are the same bytes, whoever is meant', async () => {
    const { post } = await start();
    const tries = [
      { email: 'ada@shop.test', password: 'wrong' },
      { email: 'nobody@shop.test', password: 'wrong' },
      { email: 'off@shop.test', password: 'correct horse battery' },
      { email: 'ada@shop.test', password: 'p'.repeat(2_000) },
      { email: '__proto__', password: 'x' },
    ];
    const answers = await Promise.all(tries.map(async (body) => seen(await post('/login', body))));
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(answers[0] as string)).toMatchObject({
      status: 401,
      body: '{"message":"Invalid credentials","code":"INVALID_CREDENTIALS"}',
    });
  });

  it('of bodies that are none are 400, and never a 5xx', async () => {
    const { post } = await start();
    const odd = [
      undefined,
      {},
      [],
      { email: 'a' },
      { email: { $ne: null }, password: { $ne: null } },
      { email: ['ada@shop.test'], password: 'x' },
      { email: 'a'.repeat(5_000), password: 'x' },
      { email: 'a', password: 'x'.repeat(50_000) },
      { refreshToken: 7 },
      { refreshToken: '' },
      { refreshToken: 'x'.repeat(5_000) },
    ];
    for (const body of odd)
      for (const path of ['/login', '/refresh', '/logout']) expect([path, (await post(path, body)).status]).toEqual([path, 400]);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.object({
            key: fc.oneof(fc.constantFrom('email', 'password', 'refreshToken', '__proto__', 'constructor'), fc.string()),
          }),
          fc.array(fc.anything({ withNullPrototype: false })),
        ),
        async (body) => {
          let text: string;
          try {
            text = JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
          } catch {
            return;
          }
          const answers = await Promise.all(['/login', '/refresh', '/logout'].map((path) => post(path, JSON.parse(text))));
          for (const { status } of answers) expect([204, 400, 401]).toContain(status);
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('are renewed once with each token, and stolen tokens end them', async () => {
    const { post, login, me } = await start();
    const first = await login();
    const second = (await (await post('/refresh', { refreshToken: first.refreshToken })).json()) as Grant;
    expect(await me(second)).toBe(200);
    const stolen = await post('/refresh', { refreshToken: first.refreshToken });
    const guessed = await post('/refresh', { refreshToken: 'A'.repeat(64) });
    expect(await seen(stolen)).toBe(await seen(guessed));
    expect((await post('/refresh', { refreshToken: second.refreshToken })).status).toBe(401);
    expect([await me(first), await me(second)]).toEqual([401, 401]);
  });

  it('of a hundred refreshes at once one is answered', async () => {
    const { post, login } = await start();
    const { refreshToken } = await login();
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await post('/refresh', { refreshToken })).status),
    );
    expect([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 401).length]).toEqual([
      1, 99,
    ]);
  });

  it('end by refresh token, by access token, or everywhere', async () => {
    const { post, login, me } = await start();
    const grants = [await login(), await login(), await login(), await login()] as const;
    expect((await post('/logout', { refreshToken: grants[0].refreshToken })).status).toBe(204);
    expect((await post('/logout', { refreshToken: grants[0].refreshToken })).status).toBe(204);
    expect((await post('/leave', undefined, { authorization: `Bearer ${grants[1].accessToken}` })).status).toBe(204);
    expect(await Promise.all(grants.map(me))).toEqual([401, 401, 200, 200]);
    expect((await post('/leave-everywhere', undefined, { authorization: `Bearer ${grants[2].accessToken}` })).status).toBe(204);
    expect(await Promise.all(grants.map(me))).toEqual([401, 401, 401, 401]);
  });

  it('whose client goes away leave nothing behind that fails', async () => {
    const { url, login } = await start();
    const { port } = new URL(url);
    const body = JSON.stringify({ email: 'ada@shop.test', password: 'correct horse battery' });
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect(Number(port), '127.0.0.1');
        await once(socket, 'connect');
        socket.write(
          `POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          () => socket.destroy(),
        );
        await once(socket, 'close');
      }),
    );
    expect((await login()).tokenType).toBe('Bearer');
  });
});

describe('keys over a network', () => {
  let answer: { status: number; body: string; location?: string };
  let asked = 0;
  const server = createServer((_req, res) => {
    asked += 1;
    res.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
    res.end(answer.body);
  });
  let url = '';
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => server.close());

  it.each(FRAMEWORKS)('are fetched on %s, and followed nowhere else', async (_framework, serve) => {
    const issuer = createTokens({ ...usual, key: RSA.privateKey });
    const token = await issuer.issue({ sub: '42' });
    const guarded = async () => {
      const at = await serve({ '/': [authenticate({ ...usual, jwksUrl: url, log: false })] });
      return async () => (await fetch(at, { headers: { authorization: `Bearer ${token}` } })).status;
    };
    answer = { status: 200, body: JSON.stringify(issuer.publicKeys()) };
    const before = asked;
    const good = await guarded();
    expect(await Promise.all([good(), good(), good()])).toEqual([200, 200, 200]);
    expect(asked - before).toBe(1);
    for (const wrong of [
      { status: 302, body: '', location: url },
      { status: 500, body: 'x' },
      { status: 200, body: '{"keys":' },
    ]) {
      answer = wrong;
      expect([wrong.status, await (await guarded())()]).toEqual([wrong.status, 503]);
    }
  });
});
