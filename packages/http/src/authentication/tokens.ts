import { type Clock, type Random, show, systemClock, systemRandom } from '@express-micro/core';
import { UnauthorizedError } from '../app-errors.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { HttpRequest } from '../middleware.ts';
import { tell } from '../tell.ts';
import { tokenOf } from './credentials.ts';
import { isAboutClaims, joseJwt } from './jose.ts';
import type { VerifyingKey } from './key-kinds.ts';
import type { KeySource } from './key-source.ts';
import { givenKeys, missingSecret, secretKeys } from './local-keys.ts';
import { BEARER, invalidToken } from './refusals.ts';
import { type RemoteKeySurroundings, remoteKeys } from './remote-keys.ts';
import { isJwt, readHeader } from './token-header.ts';
import { type ResolvedTokens, resolveTokenOptions, type TokenOptions } from './token-options.ts';
import { frozen, MAX_ID, principalFrom } from './user-principal.ts';
import { cacheKeyOf, lifeOf, type Verified, VerifiedTokens } from './verified-tokens.ts';
import type { TokenClaims, UserPrincipal, Way } from './way.ts';

/** What a token is to say: `sub` is who it is about. `iss`, `aud`, `iat`, `exp` and `jti` are set from the options. */
export type IssuedClaims = Readonly<Record<string, unknown>> & {
  readonly sub: string;
  readonly roles?: readonly string[];
};

/** Makes tokens and verifies them; as a {@link Way}, those of requests. */
export interface Tokens extends Way {
  /** A JWT that says this, for `lifetimeMs`. @throws HTTP_SIGNING_KEY_MISSING where keys can only verify */
  issue(claims: IssuedClaims, options?: { readonly lifetimeMs?: number }): Promise<string>;
  /** For what is no HTTP request: a socket, a job. Rejects with `UnauthorizedError`. */
  verify(token: string): Promise<UserPrincipal>;
  identify(req: HttpRequest): UserPrincipal | undefined | Promise<UserPrincipal | undefined>;
  /** A JWK Set of the public keys, for others to fetch; secrets are not in it. */
  publicKeys(): { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly lifetimeMs: number;
}

export interface TokenSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: RemoteKeySurroundings['fetch'];
}

const SYSTEM: TokenSurroundings = Object.freeze({
  clock: systemClock,
  random: systemRandom,
  // Looked up at each call: programs and tests replace it.
  fetch: (...request: Parameters<RemoteKeySurroundings['fetch']>) => fetch(...request),
});

const OURS = ['iss', 'aud', 'iat', 'exp', 'jti'];

/**
 * @example
 * const tokens = createTokens({ secret: process.env.JWT_SECRET, issuer: 'https://shop.example', audience: 'shop' });
 * app.get('/me', authenticate(tokens), (req, res) => res.json(req.user));
 *
 * @throws HTTP_OPTION_INVALID, HTTP_SECRET_MISSING, HTTP_SECRET_WEAK
 */
export function createTokens(options?: TokenOptions): Tokens {
  return tokensWith(options, SYSTEM);
}

/** The same on a clock, randomness and a network of the caller's. */
export function tokensWith(given: TokenOptions | undefined, surroundings: TokenSurroundings): Tokens {
  const options = resolveTokenOptions(given);
  const { issuer = false, audience = false, isRevoked, onRefused, maxBytes, lifetimeMs, log } = options;
  const { clock, random } = surroundings;
  const keys = keysFrom(options, surroundings);
  const cache = options.cacheSize === false ? undefined : new VerifiedTokens(options.cacheSize);
  const rules = { issuers: issuer, audiences: audience, clockToleranceSeconds: options.clockToleranceMs / 1_000 };

  /** At once where the token is known, so that a request does not wait a turn for it. */
  function check(token: string): UserPrincipal | Promise<UserPrincipal> {
    if (token.length > maxBytes) throw invalidToken(`the token is longer than ${maxBytes} bytes`);
    if (!isJwt(token)) throw invalidToken('the token is no JWT');
    const cacheKey = cache === undefined ? '' : cacheKeyOf(token);
    const known = cache?.get(cacheKey);
    if (known !== undefined) {
      if (isValidNow(known)) return unlessRevoked(known.principal);
      cache?.delete(cacheKey);
    }
    return verifyAnew(token, cacheKey);
  }

  function isValidNow({ fromMs, untilMs, generation }: Verified): boolean {
    const nowMs = clock.epochMs();
    return nowMs >= fromMs && nowMs < untilMs && generation === keys.generation();
  }

  async function verifyAnew(token: string, cacheKey: string): Promise<UserPrincipal> {
    const { algorithm, kid } = readHeader(token, options.type);
    // Before the keys: should they change in between, what is remembered is of the old ones, and does not count.
    const generation = keys.generation();
    const candidates = await keys.find(algorithm, kid);
    const claims = await verifiedBy(candidates, token, algorithm);
    const principal = principalFrom(claims, options);
    if (generation !== undefined) cache?.set(cacheKey, { principal, generation, ...lifeOf(claims, options.clockToleranceMs) });
    return unlessRevoked(principal);
  }

  async function verifiedBy(candidates: readonly VerifyingKey[], token: string, algorithm: string): Promise<TokenClaims> {
    const { verify } = await joseJwt();
    let problem = new Error(`there is no key for ${algorithm} and this kid`);
    for (const { key } of candidates) {
      try {
        return frozen(await verify(token, algorithm, key, rules, clock.epochMs())) as TokenClaims;
      } catch (error) {
        // Of the library, or of its use: what cannot be verified is not let in.
        problem = error as Error;
        if (isAboutClaims(error)) break;
      }
    }
    throw invalidToken(problem.message);
  }

  function unlessRevoked(principal: UserPrincipal): UserPrincipal | Promise<UserPrincipal> {
    if (isRevoked === undefined) return principal;
    return (async () => {
      // Anything but a clear no is a yes: a function that forgot to answer must not let everybody in.
      if ((await isRevoked(principal.claims)) !== false) throw invalidToken('it has been revoked');
      return principal;
    })();
  }

  function refused(error: unknown, req: HttpRequest | undefined): never {
    if (onRefused !== undefined && error instanceof UnauthorizedError)
      tell(log, 'onRefused of createTokens()', () =>
        onRefused((error.cause as Error | undefined)?.message ?? error.message, req),
      );
    throw error;
  }

  function checked(token: string, req: HttpRequest | undefined): UserPrincipal | Promise<UserPrincipal> {
    try {
      const found = check(token);
      return found instanceof Promise ? found.catch((error: unknown) => refused(error, req)) : found;
    } catch (error) {
      return refused(error, req);
    }
  }

  return Object.freeze({
    challenge: BEARER,
    schemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } as const,
    lifetimeMs,
    identify(req: HttpRequest) {
      const token = tokenOf(req, options);
      return token === undefined ? undefined : checked(token, req);
    },
    async verify(token: string) {
      return checked(String(token), undefined);
    },
    async issue(claims: IssuedClaims, { lifetimeMs: lifeMs = lifetimeMs }: { readonly lifetimeMs?: number } = {}) {
      refuseClaims(claims, lifeMs);
      if (keys.signing === undefined)
        throw httpError(
          'HTTP_SIGNING_KEY_MISSING',
          'These tokens can be verified and not made: there is no private key and no secret. Give createTokens() one, or make tokens where it is.',
        );
      const now = Math.floor(clock.epochMs() / 1_000);
      const ours = {
        ...(issuer === false ? {} : { iss: issuer[0] }),
        ...(audience === false ? {} : { aud: audience.length === 1 ? audience[0] : audience }),
        iat: now,
        exp: now + Math.ceil(lifeMs / 1_000),
        jti: random.bytes(12).toString('base64url'),
      };
      const { sign } = await joseJwt();
      return sign({ ...claims, ...ours }, keys.signing, options.type ?? 'JWT');
    },
    publicKeys: () => ({ keys: keys.published() }),
  });
}

function keysFrom(options: ResolvedTokens, surroundings: TokenSurroundings): KeySource {
  const { secret, key, jwksUrl, jwks, algorithms, log } = options;
  if (jwksUrl !== undefined) return remoteKeys(jwksUrl, algorithms, jwks, { ...surroundings, log });
  if (key !== undefined) return givenKeys(key, algorithms, log);
  // An empty variable is one that was forgotten.
  return secretKeys(secret ?? [process.env.JWT_SECRET || missingSecret(surroundings.random, log)], algorithms, log);
}

function refuseClaims(claims: IssuedClaims, lifetimeMs: number): void {
  const { sub } = Object(claims) as Partial<IssuedClaims>;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_ID)
    throw optionInvalid(`issue() takes claims with a "sub" of 1 to ${MAX_ID} characters; it got ${show(sub)}.`);
  const taken = OURS.find((name) => Object.hasOwn(claims, name));
  if (taken !== undefined) throw optionInvalid(`issue() sets "${taken}" by itself, from the options of createTokens().`);
  if (!Number.isFinite(lifetimeMs) || lifetimeMs < 1_000)
    throw optionInvalid(`issue() takes a lifetimeMs of 1000 or more; it got ${show(lifetimeMs)}.`);
}
