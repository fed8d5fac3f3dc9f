export type { CorsOptions, Origins } from '@express-micro/core';
export { requestIdOf } from '@express-micro/core';
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
export type { BodyOptions, FormBodyOptions, JsonBodyOptions } from './bodies/body-options.ts';
export { type BodyLimits, inspectBody } from './bodies/inspect-body.ts';
export { jsonBody } from './bodies/json-body.ts';
export { type FormLimits, parseForm } from './bodies/parse-form.ts';
export { type JsonLimits, parseJson } from './bodies/parse-json.ts';
export { urlencodedBody } from './bodies/urlencoded-body.ts';
export type { WithCacheOptions } from './caching/cache-options.ts';
export type { CachedAnswer, CachedRefusal, CachedVariants, CacheEntry, CacheStore } from './caching/cache-store.ts';
export { type MemoryCacheStoreOptions, memoryCacheStore } from './caching/lru-cache.ts';
export { type Cached, withCache } from './caching/with-cache.ts';
export { chain, type Link } from './composition/chain.ts';
export { type Composite, composite, onError, type Pipelines, pipeline, pipelineOf } from './composition/pipeline.ts';
export { provide } from './composition/provide.ts';
export type { AddsOf, AnyMiddleware, IdentifyingMiddleware, Pipeline, Step } from './composition/step.ts';
export { type Excepted, unless } from './composition/unless.ts';
export { type WithLoggingOptions, withLogging } from './composition/with-logging.ts';
export { type ContainerOptions, createContainer } from './container/container.ts';
export type { Container, GivenRequest, MadeOptions, Make, Scope } from './container/contract.ts';
export { scopeOf, scopePerRequest } from './container/scope-per-request.ts';
export type { ContractOptions } from './contracts/contract-options.ts';
export type { ErrorDefinition, Method, ResponseCheck, RouteDefinition } from './contracts/definition.ts';
export { type MountTarget, mountRoutes } from './contracts/mount-routes.ts';
export { type Reply, type ReplyOptions, reply } from './contracts/reply.ts';
export type { ContractRequest } from './contracts/request.ts';
export { type AnyRoute, type Route, type Routes, route } from './contracts/route.ts';
export { routes } from './contracts/routes.ts';
export type { HttpErrorCode } from './errors.ts';
export { asyncHandler } from './failures/async-handler.ts';
export { type AnswerFacts, type ErrorAnswer, type ErrorAnswers, errorAnswers, toErrorAnswer } from './failures/error-answer.ts';
export { type ErrorMiddleware, errorHandler } from './failures/error-handler.ts';
export type { ErrorHandlerOptions, FailedRequest } from './failures/error-options.ts';
export { type KnownRoute, type NotFoundOptions, notFoundHandler } from './failures/not-found-handler.ts';
export { passOn } from './failures/pass-on.ts';
export type { Jsonified } from './jsonified.ts';
export type { LimitBy } from './limits/caller-key.ts';
export type { RateLimitOptions } from './limits/limit-options.ts';
export type { RateLimitStore } from './limits/limit-store.ts';
export { type MemoryLimitStoreOptions, memoryLimitStore } from './limits/memory-store.ts';
export { apiLimiter, authLimiter, type LimitStatus, type RateLimiter, rateLimit } from './limits/rate-limit.ts';
export {
  type IoredisLike,
  type NodeRedisClusterLike,
  type NodeRedisLike,
  type RedisLike,
  type RedisLimitStoreOptions,
  redisLimitStore,
} from './limits/redis-store.ts';
export type { Count, LimitRule, Taken } from './limits/sliding-window.ts';
export type { HttpRequest, Middleware, Next } from './middleware.ts';
export type {
  JsonSchema,
  OpenApiDocument,
  OpenApiInfo,
  OpenApiServer,
  OpenApiTag,
  SecurityRequirement,
} from './openapi/document.ts';
export type { MountedRoutes } from './openapi/documented-routes.ts';
export { openApi } from './openapi/open-api.ts';
export { openApiPages } from './openapi/open-api-pages.ts';
export type { OpenApiOptions } from './openapi/options.ts';
export type { OpenApiPagesOptions } from './openapi/pages-options.ts';
export type { PlainRoute } from './openapi/plain-route.ts';
export { type Argon2Library, type Argon2Options, argon2id } from './passwords/argon2.ts';
export type { PasswordHasher, PasswordVerifier } from './passwords/password-hasher.ts';
export { createPasswords, type PasswordOptions, type Passwords } from './passwords/passwords.ts';
export { type ScryptOptions, scrypt } from './passwords/scrypt.ts';
export { type Analytics, type AnalyticsEvent, type AnalyticsOptions, analyticsPlugin } from './plugins/analytics.ts';
export { definePlugin, type Plugin, type PluginContext, type PluginParts } from './plugins/plugin.ts';
export type { PluginsOptions } from './plugins/plugin-options.ts';
export { createPlugins, type Plugins } from './plugins/plugins.ts';
export { type RateLimitApi, type RateLimitPluginOptions, rateLimitPlugin } from './plugins/rate-limit-plugin.ts';
export type { Principal } from './principal.ts';
export {
  ApiResponse,
  type ErrorResponse,
  type ErrorResponseOptions,
  type PageResponse,
  type Pagination,
  type SuccessResponse,
} from './responses/api-response.ts';
export { type ConditionalOptions, conditional, etagOf } from './responses/conditional.ts';
export { type CursorOptions, type CursorPage, type CursorPlace, type Cursors, createCursors } from './responses/cursors.ts';
export { cursorLink, pageLinks } from './responses/page-links.ts';
export { type PageOf, type PageOptions, pageOf } from './responses/page-of.ts';
export type { Validators } from './responses/preconditions.ts';
export { type SendOptions, sendJson } from './responses/send-json.ts';
export { type StreamListOptions, streamList } from './responses/stream-list.ts';
export type { CompressionOptions } from './security/compression.ts';
export {
  type BaseApp,
  type ExpressBaseOptions,
  expressBase,
  type SecurityOptions,
  securityMiddleware,
} from './security/express-base.ts';
export type { HelmetOptions } from './security/helmet.ts';
export { portOf } from './security/port-of.ts';
export type { TrustProxy } from './security/trust-proxy.ts';
export { markSecurity, type SecurityMark, type SecurityScheme } from './security-mark.ts';
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
export type { ValidationOptions } from './validation/options.ts';
export type { InputOf, OutputOf, Schema } from './validation/schema.ts';
export type { UnknownKeys } from './validation/unknown-keys.ts';
export { type RequestSchemas, type ValidatedRequest, type ValidationMiddleware, validate } from './validation/validate.ts';
