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
export type { WithCacheOptions } from './caching/cache-options.ts';
export type { CachedAnswer, CachedRefusal, CachedVariants, CacheEntry, CacheStore } from './caching/cache-store.ts';
export { type MemoryCacheStoreOptions, memoryCacheStore } from './caching/lru-cache.ts';
export { type Cached, withCache } from './caching/with-cache.ts';
export { chain, type Link } from './composition/chain.ts';
export { type Composite, composite, onError, type Pipelines, pipeline, pipelineOf } from './composition/pipeline.ts';
export { provide } from './composition/provide.ts';
export type { AddsOf, AnyMiddleware, Pipeline, Step } from './composition/step.ts';
export { type Excepted, unless } from './composition/unless.ts';
export { type WithLoggingOptions, withLogging } from './composition/with-logging.ts';
export { type ContainerOptions, createContainer } from './container/container.ts';
export type { Container, GivenRequest, MadeOptions, Make, Scope } from './container/contract.ts';
export { scopeOf, scopePerRequest } from './container/scope-per-request.ts';
export type { HttpErrorCode } from './errors.ts';
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
export { type Analytics, type AnalyticsEvent, type AnalyticsOptions, analyticsPlugin } from './plugins/analytics.ts';
export { definePlugin, type Plugin, type PluginContext, type PluginParts } from './plugins/plugin.ts';
export type { PluginsOptions } from './plugins/plugin-options.ts';
export { createPlugins, type Plugins } from './plugins/plugins.ts';
export { type RateLimitApi, type RateLimitPluginOptions, rateLimitPlugin } from './plugins/rate-limit-plugin.ts';
export type { Principal } from './principal.ts';
