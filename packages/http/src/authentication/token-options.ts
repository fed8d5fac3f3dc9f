import { KeyObject } from 'node:crypto';
import {
  consoleLog,
  functionOption,
  groupOption,
  integerOption,
  type Log,
  type Option,
  OptionProblem,
  resolveOptions,
} from '@express-micro/core';
import { isProduction } from '../environment.ts';
import { optionInvalid } from '../errors.ts';
import { logOption } from '../log-option.ts';
import type { HttpRequest } from '../middleware.ts';
import { ALGORITHMS, type KeyInput } from './key-kinds.ts';
import type { SecretInput } from './local-keys.ts';
import type { RemoteKeyTimes } from './remote-keys.ts';
import type { TokenClaims } from './way.ts';

/** How tokens are verified and made. */
export interface TokenOptions {
  /**
   * What signs and verifies, shared by all that do (HS256): 32 bytes or more. Of a list the first signs and all verify, so that it can be changed
   * without logging anybody out. @default `process.env.JWT_SECRET`; without it production does not start, and elsewhere a random one serves
   */
  readonly secret?: SecretInput | readonly SecretInput[] | undefined;
  /** Instead of `secret`: keys as PEM, JWK, JWK Set or `KeyObject`. A private one signs and verifies, a public one verifies. */
  readonly key?: KeyInput | readonly KeyInput[] | undefined;
  /** Instead of `secret`: where the issuer publishes its keys, by https or from this machine. Tokens are verified, not made. */
  readonly jwksUrl?: string | URL | undefined;
  readonly jwks?: JwksOptions | undefined;
  /** Of those that the keys are good for, the ones that count; the first signs. @default HS256 for secrets, all of its kind for a key */
  readonly algorithms?: readonly string[] | undefined;
  /** Who must have issued a token (`iss`); of a list the first is what tokens made here say. `false`: anybody who has a key. Production wants a choice. */
  readonly issuer?: string | readonly string[] | false | undefined;
  /** For whom a token must be (`aud`, one of them). `false`: for anybody. Production wants a choice. */
  readonly audience?: string | readonly string[] | false | undefined;
  /** Milliseconds that a token made here counts. Raising it lets stolen ones and old roles live longer; lowering it costs refreshes. @default 900000 (15 minutes) */
  readonly lifetimeMs?: number | string | undefined;
  /** Milliseconds that clocks may differ by. Raising it lets expired tokens live so much longer. @default 5000 */
  readonly clockToleranceMs?: number | string | undefined;
  /** What `typ` must be: `'at+jwt'` (RFC 9068) keeps ID tokens from passing as access tokens. @default `JWT`, `at+jwt` or nothing; made here: `JWT` */
  readonly type?: string | undefined;
  /** Longer tokens are not looked at. @default 8192 */
  readonly maxBytes?: number | string | undefined;
  /** A cookie in which a token may stand, too. Browsers send it from other sites as well: give it `SameSite`. @default none */
  readonly cookie?: string | undefined;
  /** A parameter of the query in which a token may stand, too. It ends up in logs and histories. @default none */
  readonly query?: string | undefined;
  /** The claim with the roles, a list or words with spaces between; or a function that finds them. @default 'roles' */
  readonly roles?: string | ((claims: TokenClaims) => unknown) | undefined;
  /** The same for permissions: `'scope'`, for instance. @default 'permissions' */
  readonly permissions?: string | ((claims: TokenClaims) => unknown) | undefined;
  /** Asked for each request with a good token: whether it counts no more. What it throws is the request's error. @default tokens count until they expire */
  readonly isRevoked?: ((claims: TokenClaims) => boolean | Promise<boolean>) | undefined;
  /** Hears why a token did not count. Clients never do. */
  readonly onRefused?: ((reason: string, req: HttpRequest | undefined) => void | Promise<void>) | undefined;
  /** Verified tokens that are remembered, some 1 kB each, so that a signature is looked at once. `false`: each time. @default 1000 */
  readonly cacheSize?: number | string | false | undefined;
  /** @default standard error; `false`: silence */
  readonly log?: Log | false | undefined;
}

/** How keys are fetched from `jwksUrl`. */
export interface JwksOptions {
  /** Milliseconds after which keys are asked for again. Raising it honours a withdrawn key for longer. @default 600000 (10 minutes) */
  readonly maxAgeMs?: number | string | undefined;
  /** Milliseconds for which old keys serve beyond that while nobody answers; then requests are answered 503. @default 86400000 (a day) */
  readonly staleMs?: number | string | undefined;
  /**
   * Milliseconds between two times of asking; while there are no keys at all, 1, 2, 4, … seconds, up to this. Lowering it notices a new key sooner, and
   * lets strangers make more requests. @default 30000
   */
  readonly cooldownMs?: number | string | undefined;
  /** Milliseconds that an answer may take. @default 5000 */
  readonly timeoutMs?: number | string | undefined;
}

const DAY_MS = 86_400_000;

const JWKS: { readonly [K in keyof RemoteKeyTimes]: Option<RemoteKeyTimes[K]> } = {
  maxAgeMs: integerOption('milliseconds', { min: 1_000, max: DAY_MS }, () => 600_000),
  staleMs: integerOption('milliseconds', { min: 0, max: 30 * DAY_MS }, () => DAY_MS),
  cooldownMs: integerOption('milliseconds', { min: 1_000, max: 3_600_000 }, () => 30_000),
  timeoutMs: integerOption('milliseconds', { min: 1, max: 60_000 }, () => 5_000),
};

const jwksGroup = groupOption('jwks', JWKS);
const cacheOption = integerOption('false, or a number', { min: 1, max: 1_000_000 }, () => 1_000);

export interface ResolvedTokens {
  readonly secret: readonly SecretInput[] | undefined;
  readonly key: readonly KeyInput[] | undefined;
  readonly jwksUrl: string | undefined;
  readonly jwks: RemoteKeyTimes;
  readonly algorithms: readonly string[] | undefined;
  readonly issuer: readonly string[] | false | undefined;
  readonly audience: readonly string[] | false | undefined;
  readonly lifetimeMs: number;
  readonly clockToleranceMs: number;
  readonly type: string | undefined;
  readonly maxBytes: number;
  readonly cookie: string | undefined;
  readonly query: string | undefined;
  readonly roles: (claims: TokenClaims) => unknown;
  readonly permissions: (claims: TokenClaims) => unknown;
  readonly isRevoked: TokenOptions['isRevoked'];
  readonly onRefused: TokenOptions['onRefused'];
  readonly cacheSize: number | false;
  readonly log: Log;
}

const TABLE: { readonly [K in keyof ResolvedTokens]: Option<ResolvedTokens[K]> } = {
  secret: {
    takes: 'a text, bytes, a secret KeyObject, or a list of these',
    isSecret: true,
    fallback: () => undefined,
    read: (value) => listOf(value, isSecretInput),
  },
  key: {
    takes: 'PEM, a JWK, a JWK Set, a KeyObject, or a list of these',
    isSecret: true,
    fallback: () => undefined,
    read: (value) => listOf(keysOf(value), isKeyInput),
  },
  jwksUrl: {
    takes: 'an https URL, or an http one of this machine, without a password',
    fallback: () => undefined,
    read: readUrl,
  },
  jwks: {
    ...jwksGroup,
    takes: `an object of ${Object.keys(JWKS).join(', ')}`,
    read: (value) => {
      if (value === false) throw new OptionProblem();
      return jwksGroup.read(value) as RemoteKeyTimes;
    },
    fallback: () => jwksGroup.fallback() as RemoteKeyTimes,
  },
  algorithms: {
    takes: `a list of ${ALGORITHMS.join(', ')}`,
    fallback: () => undefined,
    read: (value) => listOf(value, (each): each is string => ALGORITHMS.includes(each as string)),
  },
  issuer: namesOption(),
  audience: namesOption(),
  lifetimeMs: integerOption('milliseconds', { min: 1_000, max: 30 * DAY_MS }, () => 900_000),
  clockToleranceMs: integerOption('milliseconds', { min: 0, max: 60_000 }, () => 5_000),
  type: nameOption('a media type without "application/": at+jwt', /^[\w.+-]{1,64}$/),
  maxBytes: integerOption('bytes', { min: 64, max: 65_536 }, () => 8_192),
  cookie: nameOption('the name of a cookie', /^[\w.-]{1,128}$/),
  query: nameOption('the name of a parameter', /^[\w.-]{1,128}$/),
  roles: claimOption('roles'),
  permissions: claimOption('permissions'),
  isRevoked: functionOption<NonNullable<TokenOptions['isRevoked']>>(
    'a function that gets the claims and says whether the token counts no more',
  ),
  onRefused: functionOption<NonNullable<TokenOptions['onRefused']>>('a function that gets the reason and the request'),
  cacheSize: { ...cacheOption, read: (value) => (value === false ? false : cacheOption.read(value)) },
  log: logOption(consoleLog),
};

/** @throws HTTP_OPTION_INVALID */
export function resolveTokenOptions(given: unknown): ResolvedTokens {
  const options = resolveOptions('createTokens()', TABLE, given, optionInvalid);
  const sources = (['secret', 'key', 'jwksUrl'] as const).filter((name) => options[name] !== undefined);
  if (sources.length > 1)
    throw optionInvalid(`createTokens() got ${sources.map((name) => `"${name}"`).join(' and ')}. Give one of them.`);
  for (const name of ['issuer', 'audience'] as const) {
    if (options[name] === undefined && isProduction())
      throw optionInvalid(
        `createTokens() needs "${name}" in production, or ${name}: false, which takes tokens ${name === 'issuer' ? 'of every issuer that has a key' : 'that are meant for others'}.`,
      );
  }
  return options;
}

function listOf<T>(value: unknown, isOne: (each: unknown) => each is T): readonly T[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > 16 || !list.every(isOne)) throw new OptionProblem();
  return Object.freeze([...list]);
}

function isSecretInput(value: unknown): value is SecretInput {
  return (typeof value === 'string' && value !== '') || value instanceof Uint8Array || value instanceof KeyObject;
}

function isKeyInput(value: unknown): value is KeyInput {
  return (
    (typeof value === 'string' && value.includes('-----BEGIN')) ||
    value instanceof KeyObject ||
    typeof (value as { kty?: unknown } | null)?.kty === 'string'
  );
}

function keysOf(value: unknown): unknown {
  const { keys } = Object(value);
  return Array.isArray(keys) ? keys : value;
}

function readUrl(value: unknown): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string' || !URL.canParse(text)) throw new OptionProblem();
  const { protocol, hostname, username, password, href } = new URL(text);
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  // Whoever stands between could put keys of his own into the answer.
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere)) throw new OptionProblem('it must be https');
  if (username !== '' || password !== '') throw new OptionProblem('a password in it would end up in logs');
  return href;
}

/** Undefined is no choice; production asks for one. */
function namesOption(): Option<readonly string[] | false | undefined> {
  return {
    takes: 'a text, a list of texts, or false',
    fallback: () => undefined,
    read: (value) => (value === false ? false : listOf(value, (each): each is string => typeof each === 'string' && each !== '')),
  };
}

function nameOption(takes: string, pattern: RegExp): Option<string | undefined> {
  return {
    takes,
    fallback: () => undefined,
    read: (value) => {
      if (typeof value !== 'string' || !pattern.test(value)) throw new OptionProblem();
      return value;
    },
  };
}

function claimOption(name: string): Option<(claims: TokenClaims) => unknown> {
  const byName = (claim: string) => (claims: TokenClaims) => (Object.hasOwn(claims, claim) ? claims[claim] : undefined);
  return {
    takes: 'the name of a claim, or a function that gets the claims',
    fallback: () => byName(name),
    read: (value) => {
      if (typeof value === 'function') return value as (claims: TokenClaims) => unknown;
      if (typeof value !== 'string' || value === '') throw new OptionProblem();
      return byName(value);
    },
  };
}
