import { AppError, ForbiddenError, UnauthorizedError } from '../app-errors.ts';

/** What a client that has shown nothing may show. */
export const BEARER = 'Bearer';

const INVALID_TOKEN = Object.freeze({ 'www-authenticate': `${BEARER} error="invalid_token"` });
const INSUFFICIENT = Object.freeze({ 'www-authenticate': `${BEARER} error="insufficient_scope"` });

/** Nothing that says who it is. */
export function unauthenticated(challenges: readonly string[] = [BEARER]): UnauthorizedError {
  return new UnauthorizedError(undefined, { headers: { 'www-authenticate': [...new Set(challenges)].join(', ') } });
}

/**
 * One answer for every token that does not count, whatever is wrong with it (RFC 6750, 3.1): whoever tries tokens out learns nothing.
 * The reason is the `cause`, which stays in this process.
 */
export function invalidToken(reason: string): UnauthorizedError {
  return new UnauthorizedError('Invalid token', { code: 'INVALID_TOKEN', headers: INVALID_TOKEN, cause: new Error(reason) });
}

export function invalidCredentials(reason: string): UnauthorizedError {
  const headers = { 'www-authenticate': BEARER };
  return new UnauthorizedError('Invalid credentials', { code: 'INVALID_CREDENTIALS', headers, cause: new Error(reason) });
}

/** Known, and not enough. Who came with a token is told so in the words of RFC 6750. */
export function forbidden(kind: string): ForbiddenError {
  return new ForbiddenError(undefined, kind === 'user' ? { headers: INSUFFICIENT } : {});
}

/** Neither yes nor no: what is needed to tell cannot be had just now. */
export function unavailable(message: string, retryAfterSeconds: number, cause: unknown): AppError {
  return new AppError(message, {
    status: 503,
    code: 'AUTHENTICATION_UNAVAILABLE',
    headers: { 'retry-after': String(retryAfterSeconds) },
    cause,
  });
}
