import {
  consoleLog,
  functionOption,
  integerOption,
  type Log,
  type Option,
  OptionProblem,
  resolveOptions,
} from '@express-micro/core';
import type { Tokens } from '../authentication/tokens.ts';
import { isProduction } from '../environment.ts';
import { optionInvalid } from '../errors.ts';
import { logOption } from '../log-option.ts';
import { createPasswords, type Passwords } from '../passwords/passwords.ts';
import { memorySessionStore } from './memory-session-store.ts';
import type { SessionStore } from './session-store.ts';

/** What has to be known of a user. What else a record has is yours. */
export interface SessionUser {
  readonly id: string;
  /** What `passwords.hash()` gave; absent for who logs in otherwise. */
  readonly passwordHash?: string | null | undefined;
  readonly roles?: readonly string[] | null | undefined;
  readonly permissions?: readonly string[] | null | undefined;
  /** Is answered as if the password was wrong, and renews nothing. Anything but what counts as no: some databases write 1. */
  readonly isDisabled?: boolean | number | null | undefined;
}

export interface UserSource<U extends SessionUser> {
  findByLogin(login: string): Promise<U | undefined> | U | undefined;
  findById(id: string): Promise<U | undefined> | U | undefined;
  /**
   * Stores a hash with today's parameters, after a login. Only in place of `formerHash`, else it undoes a change of password that is just being
   * made: `UPDATE … SET hash = $2 WHERE id = $1 AND hash = $3`. @default old hashes stay
   */
  savePasswordHash?(id: string, hash: string, formerHash: string): Promise<unknown> | unknown;
}

/** A token that was shown for a second time. */
export interface Reuse {
  readonly userId: string;
  readonly sessionId: string;
}

type Claims = Readonly<Record<string, unknown>>;

export interface SessionOptions<U extends SessionUser> {
  /** Makes the access tokens; their life is its `lifetimeMs`, 15 minutes. */
  readonly tokens: Tokens;
  readonly users: UserSource<U>;
  /** @default createPasswords() */
  readonly passwords?: Passwords | undefined;
  /** @default memorySessionStore(), with a warning in production: logins end with the process, and no other instance knows them */
  readonly store?: SessionStore | undefined;
  /** What a client is told of its user. The hash never goes out. @default id, roles and permissions */
  readonly present?: ((user: U) => object | Promise<object>) | undefined;
  /** What an access token says beside `sub`, `roles`, `permissions` and `sid`: `{ ver: user.tokenVersion }`. @default nothing */
  readonly claims?: ((user: U) => Claims | Promise<Claims>) | undefined;
  /** Milliseconds that a refresh token counts. Raising it leaves stolen devices logged in for longer. @default 604800000 (7 days) */
  readonly refreshMs?: number | string | undefined;
  /** Milliseconds after which one has to log in anew, however often was refreshed. @default 2592000000 (30 days) */
  readonly maxSessionMs?: number | string | undefined;
  /**
   * Milliseconds for which a refresh token that was just exchanged gives the same next one again: two tabs that refresh at once, or an answer that
   * was lost. A thief who is as quick is not noticed then. @default 0: at the second time the session is over
   */
  readonly graceMs?: number | string | undefined;
  /** Logins of one user at the same time; the oldest end. @default 20 */
  readonly maxPerUser?: number | undefined;
  /** The field of the body of `login` that says who. @default 'email' */
  readonly loginField?: string | undefined;
  /** Hears of a refresh token that was used twice: it was stolen. The session is over by then; nobody waits for what it does. */
  readonly onReuse?: ((reuse: Reuse) => void | Promise<void>) | undefined;
  /** @default standard error; `false`: silence */
  readonly log?: Log | false | undefined;
}

export interface ResolvedSessions<U extends SessionUser> {
  readonly tokens: Tokens;
  readonly users: UserSource<U>;
  readonly passwords: Passwords;
  readonly store: SessionStore;
  readonly present: (user: U) => object | Promise<object>;
  readonly claims: (user: U) => Claims | Promise<Claims>;
  readonly refreshMs: number;
  readonly maxSessionMs: number;
  readonly graceMs: number;
  readonly maxPerUser: number;
  readonly loginField: string;
  readonly onReuse: SessionOptions<U>['onReuse'];
  readonly log: Log;
}

const DAY_MS = 86_400_000;

/** @throws HTTP_OPTION_INVALID */
export function resolveSessionOptions<U extends SessionUser>(given: SessionOptions<U>): ResolvedSessions<U> {
  const log = logOption(consoleLog);
  const present = functionOption<ResolvedSessions<U>['present']>('a function that gets a user and gives what a client may know');
  const claims = functionOption<ResolvedSessions<U>['claims']>('a function that gets a user and gives claims');
  const table: { readonly [K in keyof ResolvedSessions<U>]: Option<ResolvedSessions<U>[K]> } = {
    tokens: having('what createTokens() gave', ['issue', 'verify']),
    users: having('an object with findByLogin and findById', ['findByLogin', 'findById']),
    passwords: having('what createPasswords() gave', ['hash', 'verify', 'needsRehash'], () => createPasswords()),
    store: having('a session store', ['create', 'rotate', 'find', 'end', 'endAllOf'], () => undefined as never),
    present: { ...present, read: (value) => present.read(value) as ResolvedSessions<U>['present'], fallback: () => plainly },
    claims: { ...claims, read: (value) => claims.read(value) as ResolvedSessions<U>['claims'], fallback: () => () => ({}) },
    refreshMs: integerOption('milliseconds', { min: 1_000, max: 400 * DAY_MS }, () => 7 * DAY_MS),
    maxSessionMs: integerOption('milliseconds', { min: 1_000, max: 400 * DAY_MS }, () => 30 * DAY_MS),
    graceMs: integerOption('milliseconds', { min: 0, max: 60_000 }, () => 0),
    maxPerUser: integerOption('a whole number', { min: 1, max: 10_000 }, () => 20),
    loginField: {
      takes: 'the name of a field',
      fallback: () => 'email',
      read: (value) => {
        if (typeof value !== 'string' || !/^\w{1,64}$/.test(value) || value === '__proto__') throw new OptionProblem();
        return value;
      },
    },
    onReuse: functionOption<NonNullable<SessionOptions<U>['onReuse']>>('a function that gets the user and the session'),
    log,
  };
  const options = resolveOptions('createSessions()', table, given, optionInvalid) as ResolvedSessions<U>;
  if (options.store !== undefined) return options;
  if (isProduction())
    options.log.warn(
      'createSessions() keeps sessions in memory: they end with this process, and other instances do not know them. Give it a store that they share.',
    );
  return Object.freeze({ ...options, store: memorySessionStore() });
}

function plainly({ id, roles, permissions }: SessionUser): object {
  return { id, roles: roles ?? [], permissions: permissions ?? [] };
}

/** Of the right shape, whichever copy of the package made it. */
function having<T>(takes: string, methods: readonly string[], fallback?: () => T): Option<T> {
  return {
    takes,
    fallback:
      fallback ??
      (() => {
        throw new OptionProblem('it cannot do without');
      }),
    read: (value) => {
      const given = Object(value) as Record<string, unknown>;
      if (!methods.every((method) => typeof given[method] === 'function')) throw new OptionProblem();
      return value as T;
    },
  };
}
