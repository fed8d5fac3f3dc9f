import { invalidToken } from './refusals.ts';
import type { ResolvedTokens } from './token-options.ts';
import type { TokenClaims, UserPrincipal } from './way.ts';

export const MAX_ID = 256;

/** Who a token is about. @throws the refusal of a token that says it in a way that cannot be read */
export function principalFrom(claims: TokenClaims, { roles, permissions }: ResolvedTokens): UserPrincipal {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_ID) throw invalidToken('"sub" is no short text');
  return Object.freeze({
    kind: 'user',
    id: sub,
    roles: wordsOf(roles(claims), 'roles'),
    permissions: wordsOf(permissions(claims), 'permissions'),
    claims,
  });
}

/** A list of texts, or words with spaces between them (RFC 8693, 4.2). */
function wordsOf(value: unknown, what: string): readonly string[] {
  const words = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : (value ?? []);
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string'))
    throw invalidToken(`the ${what} are no list of texts`);
  return Object.freeze([...words]);
}

/** The same principal serves many requests: what one of them does to it must not reach another. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
