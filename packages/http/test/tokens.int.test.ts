import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authenticate,
  authorize,
  authorizeIf,
  createApiKeys,
  createTokens,
  type StoredApiKey,
  type Tokens,
} from '../src/index.ts';
import { FRAMEWORKS, seen } from './guarded-apps.test-support.ts';
import { ATTACKS, encode, hs, pem, RSA, rs, SECRET, signed, type Target, usual } from './token-attacks.test-support.ts';

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
    // Its three pieces in their order are the good one again.
    const tokensOf = fc
      .oneof(
        parts.map((list) => list.join('.')),
        mutated,
        visible,
      )
      .filter((token) => token.trim() !== good);
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
