import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  authenticate,
  createPasswords,
  createSessions,
  createTokens,
  type Grant,
  memorySessionStore,
  scrypt,
} from '../src/index.ts';
import { FRAMEWORKS, seen } from './guarded-apps.test-support.ts';

const SECRET = 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi';
const usual = { issuer: 'https://id.test', audience: 'shop' };

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
