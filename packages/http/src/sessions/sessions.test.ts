import { systemRandom } from '@express-micro/core';
import { describe, expect, it, vi } from 'vitest';
import { open as openTokens, standingClock } from '../authentication/tokens.test-support.ts';
import { recordedLog } from '../manual-clock.test-support.ts';
import { createPasswords } from '../passwords/passwords.ts';
import { scrypt } from '../passwords/scrypt.ts';
import type { Grant } from './grant.ts';
import { memorySessionStore } from './memory-session-store.ts';
import type { SessionOptions, SessionUser } from './session-options.ts';
import { faulty } from './session-store.test-support.ts';
import { type Sessions, sessionsWith } from './sessions.ts';

interface User extends SessionUser {
  email: string;
  name: string;
  passwordHash: string;
  roles: string[];
  isDisabled?: boolean;
}
const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;
const hasher = scrypt({ logCost: 4, parallelism: 1 });
const passwords = createPasswords({ hasher, log: false });
const STORED = await passwords.hash(PASSWORD);

async function start(options: Partial<SessionOptions<User>> = {}) {
  const clock = standingClock();
  const ada: User = { id: '1', email: 'ada@shop.test', name: 'Ada', roles: ['clerk'], passwordHash: STORED };
  const users = new Map([[ada.id, ada]]);
  const sessions: Sessions<User> = sessionsWith<User>(
    {
      tokens: openTokens({ isRevoked: (claims) => sessions.isEnded(claims) }, clock).tokens,
      users: {
        findByLogin: async (login) => [...users.values()].find(({ email }) => email === login),
        findById: (id) => users.get(id),
      },
      passwords,
      store: memorySessionStore(),
      log: false,
      ...options,
    },
    clock,
    systemRandom,
  );
  const login = () => sessions.open({ login: ada.email, password: PASSWORD });
  return { sessions, ada, users, clock, login };
}
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'let in',
    ({ status, code, message, headers }: Record<string, unknown>) => JSON.stringify({ status, code, message, headers }),
  );
const REFUSED =
  '{"status":401,"code":"INVALID_REFRESH_TOKEN","message":"Invalid refresh token","headers":{"www-authenticate":"Bearer error=\\"invalid_token\\""}}';

describe('a login', () => {
  it('gives an access token for 15 minutes, a refresh token for 7 days, and the user without its hash', async () => {
    const { sessions, login, clock } = await start();
    const grant = await login();
    expect(grant).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, user: { id: '1', roles: ['clerk'] } });
    expect(grant.refreshToken).toMatch(/^[\w-]{64}$/);
    expect(JSON.stringify(grant)).not.toContain('scrypt');
    clock.pass(7 * DAY_MS - 1);
    const next = await sessions.renew(grant.refreshToken);
    expect(next.refreshToken).not.toBe(grant.refreshToken);
    clock.pass(7 * DAY_MS);
    expect(await refusal(sessions.renew(next.refreshToken))).toBe(REFUSED);
  });

  it('never gives out a hash, whatever the app says of a user', async () => {
    for (const present of [(user: User) => user, (user: User) => ({ me: [{ secret: user.passwordHash, name: user.name }] })]) {
      const { login } = await start({ present });
      const text = JSON.stringify(await login());
      expect(text).toContain('Ada');
      expect(text).not.toContain(STORED);
      expect(text).not.toContain('passwordHash');
    }
  });

  it('is refused with the same words for everybody who is not let in', async () => {
    const { sessions, ada, users } = await start();
    users.set('2', { ...ada, id: '2', email: 'off@shop.test', isDisabled: true });
    users.set('3', { id: '3', email: 'sso@shop.test', name: 'S', roles: [], passwordHash: null as never });
    const tries = [
      ['ada@shop.test', 'wrong'],
      ['nobody@shop.test', PASSWORD],
      ['off@shop.test', PASSWORD],
      ['sso@shop.test', PASSWORD],
      ['__proto__', PASSWORD],
      ['ada@shop.test', 'x'.repeat(5_000)],
    ] as const;
    const said = await Promise.all(tries.map(([login, password]) => refusal(sessions.open({ login, password }))));
    expect(new Set(said)).toEqual(
      new Set([
        '{"status":401,"code":"INVALID_CREDENTIALS","message":"Invalid credentials","headers":{"www-authenticate":"Bearer"}}',
      ]),
    );
  });

  it('is read from a row as databases write it: null for nothing, a number for yes', async () => {
    const row = { roles: null, permissions: null, isDisabled: null };
    const { sessions, ada, users } = await start();
    users.set('1', { ...ada, ...row } as never);
    const grant = await sessions.open({ login: ada.email, password: PASSWORD });
    expect(grant.user).toEqual({ id: '1', roles: [], permissions: [] });
    users.set('1', { ...ada, ...row, isDisabled: 1 } as never);
    expect(await refusal(sessions.open({ login: ada.email, password: PASSWORD }))).toContain('INVALID_CREDENTIALS');
    expect(await refusal(sessions.renew(grant.refreshToken))).toBe(REFUSED);
  });

  it('is for nobody who is disabled, however it was proven who that is', async () => {
    const { sessions, ada } = await start();
    expect((await sessions.openFor(ada)).tokenType).toBe('Bearer');
    expect(await refusal(sessions.openFor({ ...ada, isDisabled: true }))).toContain('INVALID_CREDENTIALS');
  });

  it('says of a user what takes time to find out, too', async () => {
    const { sessions, login } = await start({
      present: async ({ id }) => ({ id, orders: 7 }),
      claims: async () => ({ ver: 3 }),
    });
    const grant = await login();
    expect(grant.user).toEqual({ id: '1', orders: 7 });
    for (const { accessToken } of [grant, await sessions.renew(grant.refreshToken)])
      expect(JSON.parse(Buffer.from(String(accessToken.split('.')[1]), 'base64url').toString())).toMatchObject({ ver: 3 });
  });

  it('that cannot be answered ends no other one', async () => {
    let isBroken = false;
    const present = ({ id }: User) => (isBroken ? { id, big: 1n } : { id });
    const { sessions, login } = await start({ maxPerUser: 1, present });
    const grant = await login();
    isBroken = true;
    await expect(login()).rejects.toThrow(TypeError);
    isBroken = false;
    expect(await refusal(sessions.renew(grant.refreshToken))).toBe('let in');
  });

  it('hashes a password anew when the parameters were raised, in place of the old hash only', async () => {
    const savePasswordHash = vi.fn();
    const source = (ada: User) => ({ findByLogin: () => ada, findById: () => ada, savePasswordHash });
    const ada: User = { id: '1', email: 'a', name: 'A', roles: [], passwordHash: STORED };
    const raised = createPasswords({ hasher: scrypt({ logCost: 5, parallelism: 1 }) });
    const { sessions } = await start({ passwords: raised, users: source(ada) });
    await expect(sessions.open({ login: 'a', password: 'wrong' })).rejects.toMatchObject({ status: 401 });
    expect(savePasswordHash).not.toHaveBeenCalled();
    await sessions.open({ login: 'a', password: PASSWORD });
    expect(savePasswordHash).toHaveBeenCalledExactlyOnceWith('1', expect.stringContaining('$scrypt$ln=5,'), STORED);
    savePasswordHash.mockRejectedValue(new Error('down'));
    expect((await sessions.open({ login: 'a', password: PASSWORD })).user).toMatchObject({ id: '1' });
    expect(await raised.verify(PASSWORD, savePasswordHash.mock.calls[0]?.[1])).toBe(true);
  });

  it('costs one hashing, whether there is such a user or not', async () => {
    let work = 0;
    const counting = createPasswords({
      hasher: {
        ...hasher,
        hash: (password) => {
          work += 1;
          return hasher.hash(password);
        },
        verify: (password, stored) => {
          work += 1;
          return hasher.verify(password, stored);
        },
      },
    });
    const { sessions, ada } = await start({ passwords: counting });
    const costs: number[] = [];
    for (const [login, password] of [
      [ada.email, PASSWORD],
      [ada.email, 'wrong'],
      ['nobody', PASSWORD],
    ] as const) {
      work = 0;
      await refusal(sessions.open({ login, password }));
      costs.push(work);
    }
    expect(costs).toEqual([1, 1, 1]);
  });
});

describe('a refresh token', () => {
  it('counts once: the second time ends all that came of the login, and somebody hears of it', async () => {
    const onReuse = vi.fn();
    const { sessions, login } = await start({ onReuse });
    const first = await login();
    const other = await login();
    const second = await sessions.renew(first.refreshToken);
    const third = await sessions.renew(second.refreshToken);
    expect(await refusal(sessions.renew(first.refreshToken))).toBe(REFUSED);
    expect(onReuse).toHaveBeenCalledExactlyOnceWith({ userId: '1', sessionId: expect.any(String) });
    expect(await refusal(sessions.renew(third.refreshToken))).toBe(REFUSED);
    expect((await sessions.renew(other.refreshToken)).tokenType).toBe('Bearer');
  });

  it('is refused all the same where who is told of it fails, and the log hears of that', async () => {
    const log = recordedLog();
    const mail = async () => {
      await Promise.resolve();
      throw new Error('no mail');
    };
    const throws = () => {
      throw new Error('no mail');
    };
    for (const onReuse of [mail, throws]) {
      const { sessions, login } = await start({ onReuse, log });
      const first = await login();
      await sessions.renew(first.refreshToken);
      expect(await refusal(sessions.renew(first.refreshToken))).toBe(REFUSED);
    }
    await Promise.resolve();
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual(
      Array(2).fill('error: onReuse of createSessions() failed: no mail'),
    );
  });

  it('wins once of a hundred times at once; with a grace all are given the same next one', async () => {
    const strict = await start();
    const token = (await strict.login()).refreshToken;
    const all = await Promise.all(Array.from({ length: 100 }, () => refusal(strict.sessions.renew(token))));
    expect(all.filter((said) => said === 'let in')).toHaveLength(1);
    expect(all.filter((said) => said === REFUSED)).toHaveLength(99);

    const kind = await start({ graceMs: 10_000 });
    const shared = (await kind.login()).refreshToken;
    const grants = await Promise.all(Array.from({ length: 100 }, () => kind.sessions.renew(shared)));
    const next = new Set(grants.map(({ refreshToken }) => refreshToken));
    expect(next.size).toBe(1);
    expect((await kind.sessions.renew([...next][0] as string)).tokenType).toBe('Bearer');
    kind.clock.pass(10_000);
    expect(await refusal(kind.sessions.renew(shared))).toBe(REFUSED);
  });

  it('is in the store as a hash, and what is in the store makes none', async () => {
    const kept: unknown[] = [];
    const store = memorySessionStore();
    const spying = {
      ...store,
      create: (...args: Parameters<typeof store.create>) => {
        kept.push(args);
        return store.create(...args);
      },
      rotate: (...args: Parameters<typeof store.rotate>) => {
        kept.push(args);
        return store.rotate(...args);
      },
    };
    const { sessions, login } = await start({ store: spying });
    const first = await login();
    const second = await sessions.renew(first.refreshToken);
    for (const { refreshToken } of [first, second]) {
      for (const part of [refreshToken, refreshToken.slice(0, 21), refreshToken.slice(22)])
        expect(JSON.stringify(kept)).not.toContain(part);
    }
  });

  it('that somebody made up ends nobody’s session', async () => {
    const { sessions, login } = await start();
    const grant = await login();
    const sid = JSON.parse(Buffer.from(grant.accessToken.split('.')[1] as string, 'base64url').toString()).sid as string;
    for (const guess of [
      '',
      'x',
      'A'.repeat(64),
      sid.padEnd(64, 'A'),
      `${grant.refreshToken}A`,
      'x'.repeat(1e6),
      undefined,
      {},
      ['a'],
    ])
      expect(await refusal(sessions.renew(guess as string))).toBe(REFUSED);
    expect((await sessions.renew(grant.refreshToken)).tokenType).toBe('Bearer');
  });

  it('counts for 30 days, however often it is exchanged', async () => {
    const { sessions, login, clock } = await start();
    let { refreshToken } = await login();
    for (let day = 0; day < 25; day += 5) {
      clock.pass(5 * DAY_MS);
      refreshToken = (await sessions.renew(refreshToken)).refreshToken;
    }
    clock.pass(5 * DAY_MS);
    expect(await refusal(sessions.renew(refreshToken))).toBe(REFUSED);
  });

  it('gives the roles of today, and nothing to who was disabled or is gone', async () => {
    const { sessions, login, ada, users } = await start();
    const [first, second] = [await login(), await login()];
    ada.roles = ['admin'];
    const grant = await sessions.renew(first.refreshToken);
    expect(grant.user).toMatchObject({ roles: ['admin'] });
    ada.isDisabled = true;
    expect(await refusal(sessions.renew(grant.refreshToken))).toBe(REFUSED);
    ada.isDisabled = false;
    expect(await refusal(sessions.renew(grant.refreshToken))).toBe(REFUSED);
    users.clear();
    expect(await refusal(sessions.renew(second.refreshToken))).toBe(REFUSED);
  });
});

describe('the end of a session', () => {
  it('is that of its refresh token, and of its access token where the app asks', async () => {
    const clock = standingClock();
    let sessions: Sessions<User> | undefined;
    const { tokens } = openTokens({ isRevoked: async (claims) => (await sessions?.isEnded(claims)) ?? true }, clock);
    const started = await start({ tokens });
    sessions = started.sessions;
    const [one, two, three] = [await started.login(), await started.login(), await started.login()] as [Grant, Grant, Grant];
    const counts = (grant: Grant) =>
      tokens.verify(grant.accessToken).then(
        () => true,
        () => false,
      );
    expect(await counts(one)).toBe(true);
    await sessions.end(one.refreshToken);
    await sessions.end(one.refreshToken);
    await sessions.end('unknown');
    expect([await counts(one), await counts(two)]).toEqual([false, true]);
    expect(await refusal(sessions.renew(one.refreshToken))).toBe(REFUSED);
    expect(await sessions.endAllOf('1')).toBe(2);
    expect([await counts(two), await counts(three)]).toEqual([false, false]);
    expect(await tokens.verify(await tokens.issue({ sub: 'program' }))).toMatchObject({ id: 'program' });
  });

  it('comes for the oldest when one user has too many', async () => {
    const { sessions, login } = await start({ maxPerUser: 2 });
    const grants = [await login(), await login(), await login()] as [Grant, Grant, Grant];
    const said = await Promise.all(grants.map(({ refreshToken }) => refusal(sessions.renew(refreshToken))));
    expect(said).toEqual([REFUSED, 'let in', 'let in']);
  });
});

describe('a store that fails', () => {
  it('gives out no tokens, and never leaves two that count', async () => {
    for (const method of ['create', 'rotate', 'find'] as const) {
      for (const when of ['before', 'after'] as const) {
        const broken = { current: false };
        const { sessions, login } = await start({
          store: faulty(memorySessionStore(), (called) => (broken.current && called === method ? when : undefined)),
        });
        const grant = await login();
        broken.current = true;
        await expect(method === 'create' ? login() : sessions.renew(grant.refreshToken)).rejects.toThrow(method);
        broken.current = false;
        // Only where the exchange was made and nobody learned of it has the token been used up: better logged out than two thieves.
        const isUsedUp = method === 'rotate' && when === 'after';
        expect([method, when, await refusal(sessions.renew(grant.refreshToken))]).toEqual([
          method,
          when,
          isUsedUp ? REFUSED : 'let in',
        ]);
      }
    }
  });

  it('costs nobody a session within the grace: the same token gives what was lost', async () => {
    const broken = { current: true };
    const store = faulty(memorySessionStore(), (called) => (broken.current && called === 'rotate' ? 'after' : undefined));
    const { sessions, login } = await start({ store, graceMs: 10_000 });
    const grant = await login();
    await expect(sessions.renew(grant.refreshToken)).rejects.toThrow('was lost');
    broken.current = false;
    const next = await sessions.renew(grant.refreshToken);
    expect((await sessions.renew(next.refreshToken)).tokenType).toBe('Bearer');
  });

  it('is no reason to use up a token when the users cannot be asked', async () => {
    let isDown = false;
    const { sessions, login } = await start({
      users: {
        findByLogin: () => ({ id: '1', email: '', name: '', roles: [], passwordHash: STORED }),
        findById: () => {
          if (isDown) throw new Error('down');
          return { id: '1', email: '', name: '', roles: [], passwordHash: STORED };
        },
      },
    });
    const grant = await login();
    isDown = true;
    await expect(sessions.renew(grant.refreshToken)).rejects.toThrow('down');
    isDown = false;
    expect((await sessions.renew(grant.refreshToken)).tokenType).toBe('Bearer');
  });
});
