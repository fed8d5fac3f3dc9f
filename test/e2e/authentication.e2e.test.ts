import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createTokens } from '@express-micro/http';
import { afterEach, expect, it } from 'vitest';

const SECRET = 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi';
const TERMINAL = 'Wq8Zr5Vb2Nf7Hd1Lp6Ts4';
const path = (example: string) => fileURLToPath(new URL(`../../examples/authentication/${example}`, import.meta.url));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** An example as a process of its own, by its address. */
async function start(example: string, env: Record<string, string> = { JWT_SECRET: SECRET }) {
  const { JWT_SECRET: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [path(example)], {
    env: { ...inherited, NODE_ENV: 'production', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  closers.push(() => child.exitCode === null && child.kill() && exit);
  let said = '';
  let wrong = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    wrong += text;
  });
  const url = await new Promise<string | undefined>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /at (\S+)\n/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => resolve(undefined));
  });
  return { url, wrong: () => wrong };
}

async function startShop() {
  const { url } = await start('shop.js', { JWT_SECRET: SECRET, TERMINAL_SECRET: TERMINAL });
  return async (method: string, route: string, { body, ...headers }: { body?: object } & Record<string, unknown> = {}) => {
    const answer = await fetch(`${url}${route}`, {
      method,
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  };
}

it('the line of the documents: who says who it is comes in, and only an admin deletes', async () => {
  const { url } = await start('me.js');
  const tokens = createTokens({ secret: SECRET, issuer: 'https://shop.example', audience: 'shop', log: false });
  const as = async (roles: string[]) => ({ authorization: `Bearer ${await tokens.issue({ sub: '7', roles })}` });
  expect((await fetch(`${url}/me`)).status).toBe(401);
  expect(await (await fetch(`${url}/me`, { headers: await as([]) })).json()).toMatchObject({ id: '7', claims: { sub: '7' } });
  expect((await fetch(`${url}/users/1`, { method: 'DELETE', headers: await as(['clerk']) })).status).toBe(403);
  expect((await fetch(`${url}/users/1`, { method: 'DELETE', headers: await as(['admin']) })).status).toBe(204);
});

it.each([
  ['missing', {}, 'HTTP_SECRET_MISSING'],
  ['weak', { JWT_SECRET: 'changeme' }, 'HTTP_SECRET_WEAK'],
])('with a %s secret production does not start', async (_what, env, code) => {
  const { url, wrong } = await start('me.js', env);
  expect(url).toBeUndefined();
  expect(wrong()).toContain(code);
});

it('the shop: login, refresh, logout, roles, keys and a way of its own', async () => {
  const ask = await startShop();
  const login = async (email: string, password: string) => ask('POST', '/login', { body: { email, password } });
  expect((await login('ada@shop.example', 'wrong')).status).toBe(401);
  const { body: ada } = await login('ada@shop.example', 'correct horse');
  const { body: bob } = await login('bob@shop.example', 'battery staple');
  expect(ada).toMatchObject({ expiresIn: 900, user: { id: '1', name: 'Ada', roles: ['admin'] } });
  const as = (grant: { accessToken: string }) => ({ authorization: `Bearer ${grant.accessToken}` });
  expect((await ask('GET', '/orders', as(bob))).status).toBe(200);
  expect([(await ask('POST', '/orders', as(bob))).status, (await ask('POST', '/orders', as(ada))).status]).toEqual([403, 201]);
  expect([(await ask('GET', '/users/2', as(bob))).status, (await ask('GET', '/users/1', as(bob))).status]).toEqual([200, 403]);
  const { body: made } = await ask('POST', '/keys', as(ada));
  expect((await ask('GET', '/export', { 'x-api-key': made.key })).body).toEqual({ for: 'key' });
  expect((await ask('GET', '/export')).status).toBe(401);
  const till = async (secret: string) => (await ask('GET', '/till', { 'x-terminal': secret })).status;
  // Also of as many characters and more bytes.
  expect([
    await till(TERMINAL),
    await till('of another terminal'),
    await till('é'.repeat(TERMINAL.length)),
    await till(''),
  ]).toEqual([200, 401, 401, 401]);
  const { body: next } = await ask('POST', '/refresh', { body: { refreshToken: ada.refreshToken } });
  expect((await ask('GET', '/me', as(next))).body).toMatchObject({ id: '1' });
  expect((await ask('POST', '/logout', { body: { refreshToken: next.refreshToken } })).status).toBe(204);
  expect((await ask('GET', '/me', as(next))).status).toBe(401);
  expect((await ask('GET', '/me', as(bob))).status).toBe(200);
});

it('argon2id hashes, and what bcrypt left counts until it is hashed anew', () => {
  expect(execFileSync(process.execPath, [path('argon2.js')], { encoding: 'utf8' })).toBe('$argon2id true true\ntrue false\n');
});
