import type { ServerResponse } from 'node:http';
import { type Clock, resolveOptions, systemClock } from '@express-micro/core';
import { TooManyRequestsError } from '../app-errors.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import { isThenable } from '../thenable.ts';
import { type CallerKeys, callerKeys } from './caller-key.ts';
import { refusalHeaders, setLimitHeaders } from './limit-headers.ts';
import { type LimitDefaults, limitTable, type RateLimitOptions, type ResolvedLimit } from './limit-options.ts';
import { type RateLimitStore, UNKNOWN } from './limit-store.ts';
import { memoryLimitStore } from './memory-store.ts';
import { watchProxyTrust } from './proxy-trust.ts';
import { type LimitRule, limitRule, type Taken } from './sliding-window.ts';

/** Where a caller stands. */
export interface LimitStatus {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Until the oldest of its requests no longer counts; 0 where none does. */
  readonly resetMs: number;
  readonly isLimited: boolean;
}

/** A middleware that lets a caller make so many requests in so much time. */
export interface RateLimiter extends Middleware {
  /** Of whoever makes a request, or by name: an address, the id of a user, an API key, or what the function of `by` answers. */
  status(caller: HttpRequest | string): Promise<LimitStatus>;
  /** Forgets what a caller has done. */
  reset(caller: HttpRequest | string): Promise<void>;
}

/**
 * Refuses who makes more than `limit` requests in any `windowMs`, with a `TooManyRequestsError` (429) that says when to come again.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function rateLimit(options: RateLimitOptions = {}, clock: Clock = systemClock): RateLimiter {
  return createLimiter({ owner: 'rateLimit()', windowMs: 60_000, limit: 100, prefix: 'rl:', name: 'default' }, options, clock);
}

const QUARTER_MS = 15 * 60_000;

/** For all of an API: 100 requests in 15 minutes, for each address. @throws HTTP_OPTION_INVALID */
export function apiLimiter(options: RateLimitOptions = {}, clock: Clock = systemClock): RateLimiter {
  return createLimiter({ owner: 'apiLimiter()', windowMs: QUARTER_MS, limit: 100, prefix: 'rl:', name: 'api' }, options, clock);
}

/**
 * In front of logins and the like: 5 failures in 15 minutes, for each address. Each attempt counts until its answer is out, so that a
 * thousand at once are five; one that succeeded is taken back.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function authLimiter(options: RateLimitOptions = {}, clock: Clock = systemClock): RateLimiter {
  const isCounted = (_req: HttpRequest, res: ServerResponse) => res.statusCode >= 400;
  const defaults = { owner: 'authLimiter()', windowMs: QUARTER_MS, limit: 5, prefix: 'rl:auth:', name: 'auth', isCounted };
  return createLimiter(defaults, options, clock);
}

function createLimiter(defaults: LimitDefaults, options: RateLimitOptions, clock: Clock): RateLimiter {
  const resolved = resolveOptions(defaults.owner, limitTable(defaults), options, optionInvalid) as ResolvedLimit;
  const { windowMs, limit, prefix, message, isCounted, skip, log } = resolved;
  const store = resolved.store ?? memoryLimitStore({}, clock);
  claimPrefix(defaults.owner, store, prefix);
  const rule = limitRule(limit, windowMs);
  const keys = callerKeys(resolved);
  const lookAtTrust = watchProxyTrust(log);

  function decide(req: HttpRequest, res: ServerResponse, next: Next, key: string, taken: Taken | typeof UNKNOWN): void {
    if (taken === UNKNOWN) {
      next();
      return;
    }
    const { isAllowed, used, resetMs, slot } = taken;
    setLimitHeaders(res, resolved, { limit, remaining: Math.max(0, limit - used), resetMs }, clock.epochMs());
    if (!isAllowed) {
      next(new TooManyRequestsError(message, { headers: refusalHeaders(res, resetMs) }));
      return;
    }
    if (isCounted !== undefined) {
      // 'finish', not 'close': who goes away before the answer is out, so that nobody knows what it was, stays counted.
      res.once('finish', () => settle(() => (isCounted(req, res) ? undefined : store.giveBack(key, rule, slot))));
    }
    next();
  }

  function settle(work: () => void | Promise<void>): void {
    new Promise<void>((resolve) => resolve(work())).catch((error: unknown) => {
      log.warn(`a request that was not to count stays counted: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  function limiter(req: HttpRequest, res: ServerResponse, next: Next): void {
    if (skip?.(req) === true) {
      next();
      return;
    }
    lookAtTrust(req);
    const key = prefix + keys.of(req);
    const taken = store.take(key, rule);
    if (isThenable(taken)) taken.then((late) => decide(req, res, next, key, late), next);
    else decide(req, res, next, key, taken);
  }

  return Object.freeze(
    Object.assign(
      limiter,
      inspection(store, rule, (caller) => prefix + keyOf(keys, caller)),
    ),
  );
}

function keyOf(keys: CallerKeys, caller: HttpRequest | string): string {
  return typeof caller === 'string' ? keys.named(caller) : keys.of(caller);
}

function inspection(
  store: RateLimitStore,
  rule: LimitRule,
  keyFor: (caller: HttpRequest | string) => string,
): Pick<RateLimiter, 'status' | 'reset'> {
  const { limit } = rule;
  return {
    async status(caller) {
      const { used, resetMs } = await store.read(keyFor(caller), rule);
      return { limit, used, remaining: Math.max(0, limit - used), resetMs, isLimited: used >= limit };
    },
    async reset(caller) {
      await store.reset(keyFor(caller));
    },
  };
}

const claimed = new WeakMap<RateLimitStore, Set<string>>();

/** Two limiters that count under the same keys would count each request twice, and in windows that are not the same. */
function claimPrefix(owner: string, store: RateLimitStore, prefix: string): void {
  const prefixes = claimed.get(store) ?? new Set();
  claimed.set(store, prefixes);
  if (prefixes.has(prefix)) {
    throw httpError(
      'HTTP_OPTION_INVALID',
      `${owner} counts under the prefix "${prefix}", as another limiter of the same store does. Give it another: { prefix: 'rl:search:' }; or use one limiter in both places.`,
      { details: { option: 'prefix' } },
    );
  }
  prefixes.add(prefix);
}
