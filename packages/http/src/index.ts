export {
  AppError,
  type AppErrorOptions,
  ConflictError,
  type FieldProblem,
  ForbiddenError,
  NotFoundError,
  TooManyRequestsError,
  UnauthorizedError,
  ValidationError,
} from './app-errors.ts';
export { type ApiKeyOptions, type ApiKeys, createApiKeys, type StoredApiKey } from './authentication/api-keys.ts';
export { authenticate, identify } from './authentication/authenticate.ts';
export { authorize, authorizeIf, createRoles, type Roles, requirePermissions } from './authentication/authorize.ts';
export { type ServiceCallerOptions, serviceCallers } from './authentication/service-callers.ts';
export type { JwksOptions, TokenOptions } from './authentication/token-options.ts';
export { createTokens, type IssuedClaims, type Tokens } from './authentication/tokens.ts';
export type { TokenClaims, UserPrincipal, Way } from './authentication/way.ts';
export type { HttpErrorCode } from './errors.ts';
export type { HttpRequest, Middleware, Next } from './middleware.ts';
export { type Argon2Library, type Argon2Options, argon2id } from './passwords/argon2.ts';
export type { PasswordHasher, PasswordVerifier } from './passwords/password-hasher.ts';
export { createPasswords, type PasswordOptions, type Passwords } from './passwords/passwords.ts';
export { type ScryptOptions, scrypt } from './passwords/scrypt.ts';
export type { Principal } from './principal.ts';
export type { Credentials, Grant } from './sessions/grant.ts';
export { type MemorySessionStoreOptions, memorySessionStore } from './sessions/memory-session-store.ts';
export type { Reuse, SessionOptions, SessionUser, UserSource } from './sessions/session-options.ts';
export type { SessionRoutes } from './sessions/session-routes.ts';
export {
  decideRotation,
  type Rotation,
  type RotationOutcome,
  type SessionStore,
  type StoredSession,
} from './sessions/session-store.ts';
export { createSessions, type Sessions } from './sessions/sessions.ts';
