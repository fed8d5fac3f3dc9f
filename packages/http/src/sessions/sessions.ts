import { type Clock, printable, type Random, systemClock, systemRandom } from '@express-micro/core';
import { UnauthorizedError } from '../app-errors.ts';
import { invalidCredentials } from '../authentication/refusals.ts';
import type { TokenClaims } from '../authentication/way.ts';
import { tell } from '../tell.ts';
import type { Credentials, Grant } from './grant.ts';
import { newNonce, newRefreshToken, nextRefreshToken, readRefreshToken } from './refresh-token.ts';
import { resolveSessionOptions, type SessionOptions, type SessionUser } from './session-options.ts';
import { createSessionRoutes, type SessionRoutes } from './session-routes.ts';
import type { RotationOutcome } from './session-store.ts';

/** Logins that last: short access tokens, and refresh tokens that count once. The middlewares answer by themselves. */
export interface Sessions<U extends SessionUser> extends SessionRoutes {
  /** By password. Rejects with 401, the same for everybody who is not let in. */
  open(credentials: Credentials): Promise<Grant>;
  /** For who has proven otherwise who it is: after signing up, by a passkey, by another service's login. */
  openFor(user: U): Promise<Grant>;
  /** A refresh token for new ones. Rejects with 401. */
  renew(refreshToken: string): Promise<Grant>;
  /** Ends the session of a refresh token. One that is unknown is over already. */
  end(refreshToken: string): Promise<void>;
  /** Ends all sessions of a user: after a change of password, say. Answers how many there were. */
  endAllOf(userId: string): Promise<number>;
  /** For `isRevoked` of `createTokens`: whether the session of an access token is over. Costs a look into the store each request. */
  isEnded(claims: TokenClaims): Promise<boolean>;
}

/**
 * @example
 * const sessions = createSessions({ tokens, users: { findByLogin, findById } });
 * app.post('/login', express.json(), sessions.login);
 * app.post('/refresh', express.json(), sessions.refresh);
 * app.post('/logout', express.json(), sessions.logout);
 *
 * @throws HTTP_OPTION_INVALID
 */
export function createSessions<U extends SessionUser>(options: SessionOptions<U>): Sessions<U> {
  return sessionsWith(options, systemClock, systemRandom);
}

export function sessionsWith<U extends SessionUser>(given: SessionOptions<U>, clock: Clock, random: Random): Sessions<U> {
  const options = resolveSessionOptions(given);
  const { tokens, users, passwords, store, refreshMs, maxSessionMs, graceMs, maxPerUser, log } = options;

  async function open({ login, password }: Credentials): Promise<Grant> {
    const user = (await users.findByLogin(login)) ?? undefined;
    const stored = user?.passwordHash ?? undefined;
    // Asked also where there is nobody: a login that fails costs the same, whoever it is for.
    const isRight = await passwords.verify(password, stored);
    if (user === undefined || stored === undefined || !isRight) throw invalidCredentials('the login or the password is wrong');
    refuseDisabled(user);
    await renewHash(user, password, stored);
    return openFor(user);
  }

  function refuseDisabled({ isDisabled }: U): void {
    if (isDisabled) throw invalidCredentials('the user is disabled');
  }

  async function renewHash(user: U, password: string, stored: string): Promise<void> {
    if (users.savePasswordHash === undefined || !passwords.needsRehash(stored)) return;
    try {
      await users.savePasswordHash(user.id, await passwords.hash(password), stored);
    } catch (error) {
      // The login is right all the same; the next one tries again.
      log.warn(`a password could not be hashed anew: ${printable(String((error as Error)?.message))}`);
    }
  }

  async function openFor(user: U): Promise<Grant> {
    refuseDisabled(user);
    const token = newRefreshToken(random);
    // All that can fail comes before the session: one that nobody is given could end another.
    const answer = await grant(user, await accessTokenFor(user, token.sessionId), token.text);
    const nowMs = clock.epochMs();
    const session = {
      id: token.sessionId,
      userId: user.id,
      tokenHash: token.hash,
      previousHash: undefined,
      nonce: '',
      rotatedAtMs: nowMs,
      expiresAtMs: nowMs + Math.min(refreshMs, maxSessionMs),
      endsAtMs: nowMs + maxSessionMs,
    };
    await store.create(session, { maxPerUser, nowMs });
    return answer;
  }

  async function renew(text: string): Promise<Grant> {
    const shown = readRefreshToken(text);
    if (shown === undefined) throw refused('it has not the shape of one');
    const session = await store.find(shown.sessionId, clock.epochMs());
    if (session === undefined) throw refused('there is no such session any more');
    const user = (await users.findById(session.userId)) ?? undefined;
    if (user === undefined || user.isDisabled) {
      await store.end(session.id);
      throw refused('the user is gone or disabled');
    }
    // All that can fail comes before the exchange: a token that was exchanged and never reached its client logs it out.
    const accessToken = await accessTokenFor(user, session.id);
    const answer = await grant(user, accessToken, '');
    const nonce = newNonce(random);
    const next = nextRefreshToken(shown, nonce);
    const nowMs = clock.epochMs();
    const turn = {
      id: session.id,
      shownHash: shown.hash,
      nextHash: next.hash,
      nonce,
      nowMs,
      expiresAtMs: nowMs + refreshMs,
      graceMs,
    };
    const result: RotationOutcome = await store.rotate(turn);
    switch (result.outcome) {
      case 'rotated':
        return { ...answer, refreshToken: next.text };
      case 'repeated':
        return { ...answer, refreshToken: nextRefreshToken(shown, result.nonce).text };
      case 'reused':
        log.warn(`a refresh token of user ${printable(session.userId)} was used twice; its session is over`);
        tell(log, 'onReuse of createSessions()', () => options.onReuse?.({ userId: session.userId, sessionId: session.id }));
        throw refused('it was used before');
      default:
        throw refused('the session is over');
    }
  }

  async function accessTokenFor(user: U, sid: string): Promise<string> {
    const { id: sub, roles, permissions } = user;
    const may = permissions == null || permissions.length === 0 ? {} : { permissions };
    return tokens.issue({ ...(await options.claims(user)), sub, roles: roles ?? [], ...may, sid });
  }

  async function grant(user: U, accessToken: string, refreshToken: string): Promise<Grant> {
    const expiresIn = Math.floor(tokens.lifetimeMs / 1_000);
    return {
      accessToken,
      refreshToken,
      tokenType: 'Bearer',
      expiresIn,
      user: withoutHash(await options.present(user), user.passwordHash),
    };
  }

  const functions = {
    open,
    openFor,
    renew,
    async end(text: string) {
      const shown = readRefreshToken(text);
      if (shown !== undefined) await store.end(shown.sessionId);
    },
    endAllOf: (userId: string) => store.endAllOf(userId),
    // A token that was not made here names no session, and is none of our business.
    isEnded: async ({ sid }: TokenClaims) => typeof sid === 'string' && (await store.find(sid, clock.epochMs())) === undefined,
  };
  const routes = createSessionRoutes({ ...functions, endById: (id) => store.end(id) }, options.loginField);
  return Object.freeze({ ...functions, ...routes });
}

/** Whatever `present` gives: neither the field nor the text of a hash goes out. */
function withoutHash(view: object, hash: string | null | undefined): object {
  return JSON.parse(
    JSON.stringify(view, (key, value) => (key === 'passwordHash' || (value === hash && hash) ? undefined : value)),
  );
}

function refused(reason: string): UnauthorizedError {
  return new UnauthorizedError('Invalid refresh token', {
    code: 'INVALID_REFRESH_TOKEN',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    cause: new Error(reason),
  });
}
