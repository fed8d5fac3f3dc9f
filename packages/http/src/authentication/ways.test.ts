import { keepContext, runInContext, systemRandom } from '@express-micro/core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import { apiKeysWith, createApiKeys, type StoredApiKey } from './api-keys.ts';
import { authenticate, identify } from './authenticate.ts';
import { authorize, authorizeIf, createRoles, requirePermissions } from './authorize.ts';
import { serviceCallers } from './service-callers.ts';
import { open, SECRET, standingClock } from './tokens.test-support.ts';
import { createTokens } from './tokens.ts';
import type { Way } from './way.ts';

afterEach(() => vi.unstubAllEnvs());
beforeAll(() => keepContext());

type Seen = {
  error?: { status: number; code: string; headers?: object; message: string };
  req: HttpRequest & { user?: unknown };
};

/** What comes of a request: the error that `next` was called with, if it was, and what is on the request. */
function pass(middleware: Middleware, request: Partial<HttpRequest> = {}): Promise<Seen> {
  const req = { headers: {}, url: '/', ...request } as Seen['req'];
  return new Promise((resolve) => {
    middleware(req, {} as never, (error) => resolve(error === undefined ? { req } : { req, error: error as never }));
  });
}
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('authenticate', () => {
  it('works alone, from the options of tokens', async () => {
    const guard = authenticate({ secret: SECRET, issuer: false, audience: false, log: false });
    const token = await createTokens({ secret: SECRET }).issue({ sub: '7' });
    const { req } = await pass(guard, bearer(token));
    expect(req.user).toBe(req.principal);
    expect(req.principal).toMatchObject({ kind: 'user', id: '7' });
  });

  it('asks the ways in their order, and tells strangers all of them', async () => {
    const { tokens } = open();
    const keys = createApiKeys({ find: () => undefined });
    const guard = authenticate(tokens, keys, serviceCallers());
    expect((await pass(guard)).error).toMatchObject({
      status: 401,
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': 'Bearer, ApiKey, Service' },
    });
    const anybody: Way = { challenge: 'X', identify: () => ({ kind: 'key', id: 'any', roles: [], permissions: [] }) };
    expect((await pass(authenticate(tokens, anybody))).req.principal?.id).toBe('any');
    expect((await pass(authenticate(tokens, anybody), bearer('wrong'))).error).toMatchObject({
      status: 401,
      code: 'INVALID_TOKEN',
    });
  });

  it('takes no promise of another library for somebody', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what libraries before promises gave
    const later = { then: (resolve: (value: undefined) => void) => resolve(undefined) };
    const way: Way = { challenge: 'X', identify: () => later as never };
    expect((await pass(authenticate(way))).error).toMatchObject({ status: 401 });
  });

  it('passes on what a way throws or rejects with', async () => {
    const down = new Error('down');
    const throws: Way = {
      challenge: 'X',
      identify: () => {
        throw down;
      },
    };
    const rejects: Way = { challenge: 'X', identify: () => Promise.reject(down) };
    for (const way of [throws, rejects]) expect((await pass(authenticate(way))).error).toBe(down);
  });

  it('reads a token from a cookie or the query only where they are named, and the header first', async () => {
    const { tokens } = open({ cookie: 'at', query: 'access_token' });
    const token = await tokens.issue({ sub: '7' });
    const strict = authenticate(open().tokens);
    const loose = authenticate(tokens);
    const cookie = { headers: { cookie: `a=b; at=${token}; at=other` } };
    const query = { url: `/x?access_token=${token}` };
    for (const request of [cookie, query]) {
      expect((await pass(strict, request)).error).toMatchObject({ code: 'UNAUTHORIZED' });
      expect((await pass(loose, request)).req.principal?.id).toBe('7');
    }
    expect((await pass(loose, { headers: { ...cookie.headers, authorization: 'Bearer wrong' } })).error).toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });

  it('reads the scheme in any case, and another one as nothing', async () => {
    const { tokens } = open();
    const token = await tokens.issue({ sub: '7' });
    for (const authorization of [`bearer ${token}`, `BEARER   ${token} `])
      expect((await pass(authenticate(tokens), { headers: { authorization } })).req.principal?.id).toBe('7');
    for (const authorization of ['Basic YTpi', `Bearerx ${token}`, '', ' '])
      expect((await pass(authenticate(tokens), { headers: { authorization } })).error).toMatchObject({ code: 'UNAUTHORIZED' });
    for (const authorization of ['Bearer', 'Bearer ', `Bearer ${token},${token}`, `Bearer ${token} ${token}`])
      expect((await pass(authenticate(tokens), { headers: { authorization } })).error).toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('refuses what are no ways', () => {
    const { tokens } = open();
    for (const ways of [[tokens, {}], [tokens, undefined], [undefined, undefined], [null], ['secret'], [{ secert: SECRET }]])
      expect(() => authenticate(...(ways as never[]))).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
  });

  it('identify lets strangers in, and nobody whose token is wrong', async () => {
    const { tokens } = open();
    const { error, req } = await pass(identify(tokens));
    expect([error, req.principal]).toEqual([undefined, undefined]);
    expect((await pass(identify(tokens), bearer('wrong'))).error).toMatchObject({ status: 401 });
    expect((await pass(identify(tokens), bearer(await tokens.issue({ sub: '7' })))).req.principal?.id).toBe('7');
  });
});

describe('API keys', () => {
  const stored = new Map<string, StoredApiKey>();
  const clock = standingClock();
  const keys = apiKeysWith({ find: async (id) => stored.get(id), prefix: 'shop' }, clock, systemRandom);
  const guard = authenticate(keys);
  const give = (extra: Partial<StoredApiKey> = {}) => {
    const { key, id, hash } = keys.issue();
    stored.set(id, { hash, roles: ['reporter'], permissions: ['reports:read'], ...extra });
    return { key, id };
  };

  it('are known by their hash, in either header', async () => {
    const { key, id } = give();
    expect(key).toMatch(/^shop_[0-9a-f]{16}_[\w-]{43}$/);
    expect(JSON.stringify([...stored])).not.toContain(key.slice(-43));
    for (const headers of [{ 'x-api-key': key }, { authorization: `ApiKey ${key}` }]) {
      const { req } = await pass(guard, { headers });
      expect(req.principal).toEqual({ kind: 'key', id, roles: ['reporter'], permissions: ['reports:read'] });
      expect(req.user).toBeUndefined();
    }
  });

  it('that are wrong in any way are refused with the same words', async () => {
    const { key } = give();
    const flipped = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    const wrong = [
      '',
      'x',
      flipped,
      keys.issue().key,
      `${key}x`,
      key.replace('shop', 'key'),
      key.toUpperCase(),
      'shop_'.repeat(10_000),
    ];
    wrong.push(
      give({ isDisabled: true }).key,
      give({ expiresAtMs: clock.epochMs() }).key,
      give({ hash: 'broken' }).key,
      give({ expiresAtMs: Number.NaN }).key,
    );
    const answers = await Promise.all(wrong.map(async (each) => (await pass(guard, { headers: { 'x-api-key': each } })).error));
    for (const error of answers)
      expect([error?.status, error?.code, error?.message, error?.headers]).toEqual([
        401,
        'INVALID_API_KEY',
        'Invalid API key',
        { 'www-authenticate': 'ApiKey' },
      ]);
  });

  it('that are not there may be null, as databases have it', async () => {
    const none = createApiKeys({ find: () => null as never });
    expect((await pass(authenticate(none), { headers: { 'x-api-key': none.issue().key } })).error).toMatchObject({ status: 401 });
  });

  it('are read as databases write them: null for nothing, a number for yes', async () => {
    const asRow = (extra: object) =>
      give({ roles: null, permissions: null, expiresAtMs: null, isDisabled: null, ...extra } as never);
    const statusOf = async ({ key }: { key: string }) => {
      const { error, req } = await pass(guard, { headers: { 'x-api-key': key } });
      return error?.status ?? [req.principal?.roles, req.principal?.permissions];
    };
    expect(await statusOf(asRow({}))).toEqual([[], []]);
    expect(await statusOf(asRow({ isDisabled: 0 }))).toEqual([[], []]);
    expect(await statusOf(asRow({ isDisabled: 1 }))).toBe(401);
    expect(await statusOf(asRow({ isDisabled: 'true' }))).toBe(401);
    expect(await statusOf(asRow({ expiresAtMs: 'soon' }))).toBe(401);
  });

  it('need a way to be found', () => {
    for (const options of [undefined, {}, { find: 'x' }, { find: () => undefined, prefix: 'a_b' }, { finds: () => undefined }])
      expect(() => createApiKeys(options as never)).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
  });
});

describe('services of the mesh', () => {
  const context = { requestId: '1', traceparent: undefined, tracestate: undefined, lifetime: undefined };

  it('are principals where the mesh has verified them, whatever a header says', async () => {
    const guard = authenticate(serviceCallers({ roles: { billing: ['accountant'] } }));
    const called = (service: string | undefined) =>
      runInContext({ ...context, caller: service === undefined ? undefined : { service, instance: 'i' } }, () =>
        pass(guard, { headers: { 'express-micro-caller': 'billing', 'x-service': 'billing' } }),
      );
    expect((await called('billing')).req.principal).toEqual({
      kind: 'service',
      id: 'billing',
      roles: ['accountant'],
      permissions: [],
    });
    expect((await called('__proto__')).req.principal?.roles).toEqual([]);
    expect((await called(undefined)).error).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Service' } });
    expect((await pass(guard)).error).toMatchObject({ status: 401 });
  });

  it('have roles as lists', () => {
    for (const roles of [[], { billing: 'accountant' }, { billing: [1] }, null])
      expect(() => serviceCallers({ roles: roles as never })).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
  });
});

describe('who may', () => {
  const user = (extra: Partial<Principal> = {}): Partial<HttpRequest> => ({
    principal: { kind: 'user', id: '7', roles: ['clerk'], permissions: ['orders:read'], ...extra },
  });
  const outcome = async (middleware: Middleware, request?: Partial<HttpRequest>) =>
    (await pass(middleware, request)).error?.status ?? 200;

  it('by role: 401 without identity, 403 without the role', async () => {
    expect(await outcome(authorize('admin'))).toBe(401);
    expect(await outcome(authorize('admin'), user())).toBe(403);
    expect(await outcome(authorize('admin', 'clerk'), user())).toBe(200);
    expect((await pass(authorize('admin'), user())).error).toMatchObject({
      code: 'FORBIDDEN',
      headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
    });
    expect((await pass(authorize('admin'), user({ kind: 'key' }))).error?.headers).toBeUndefined();
  });

  it('by permission: all of them', async () => {
    expect(await outcome(requirePermissions('orders:read'), user())).toBe(200);
    expect(await outcome(requirePermissions('orders:read', 'orders:write'), user())).toBe(403);
    expect(await outcome(requirePermissions('orders:read'))).toBe(401);
  });

  it('by what roles may do', async () => {
    const roles = createRoles({ admin: ['orders:read', 'orders:write'], clerk: ['orders:read'], guest: [] });
    expect(await outcome(roles.requirePermissions('orders:write'), user())).toBe(403);
    expect(await outcome(roles.requirePermissions('orders:write'), user({ roles: ['clerk', 'admin'] }))).toBe(200);
    expect(await outcome(roles.requirePermissions('orders:write'), user({ permissions: ['orders:write'] }))).toBe(200);
    expect(
      await outcome(roles.requirePermissions('orders:read'), user({ roles: ['constructor', '__proto__'], permissions: [] })),
    ).toBe(403);
    expect([...roles.permissionsOf({ kind: 'user', id: '1', roles: ['admin'], permissions: ['x'] })]).toEqual([
      'x',
      'orders:read',
      'orders:write',
    ]);
    expect(() => roles.authorize('amdin' as never)).toThrow('The roles are: admin, clerk, guest.');
    expect(() => roles.requirePermissions('orders:wirte' as never)).toThrow(
      '"orders:wirte", which createRoles() was not told of',
    );
  });

  it('by a function: only a clear yes is one', async () => {
    expect(await outcome(authorizeIf(() => true))).toBe(401);
    expect(
      await outcome(
        authorizeIf(({ principal }) => principal.id === '7'),
        user(),
      ),
    ).toBe(200);
    expect(
      await outcome(
        authorizeIf(async () => true),
        user(),
      ),
    ).toBe(200);
    for (const answer of [false, undefined, 'yes', 1, Promise.resolve('yes'), Promise.resolve(false)])
      expect(
        await outcome(
          authorizeIf(() => answer as never),
          user(),
        ),
      ).toBe(403);
    const down = new Error('down');
    expect(
      (
        await pass(
          authorizeIf(() => Promise.reject(down)),
          user(),
        )
      ).error,
    ).toBe(down);
    expect(
      (
        await pass(
          authorizeIf(() => {
            throw down;
          }),
          user(),
        )
      ).error,
    ).toBe(down);
  });

  it('is said with names: nothing, or something else, is an error at start', () => {
    for (const make of [
      () => (authorize as () => unknown)(),
      () => authorize(undefined as never),
      () => authorize(''),
      () => (requirePermissions as () => unknown)(),
      () => authorizeIf(undefined as never),
      () => authorize(['admin'] as never),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
  });
});
