import type { ServerResponse } from 'node:http';
import { type Clock, keepContext, resolveOptions, systemClock } from '@express-micro/core';
import { AppError } from '../app-errors.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import { type Wishes, wishesOf } from './cache-control.ts';
import { cacheKeys, claimPrefix } from './cache-keys.ts';
import { CACHE_TABLE, type ResolvedCache, type WithCacheOptions } from './cache-options.ts';
import type { CacheEntry, CacheStore } from './cache-store.ts';
import { createRun, type Wanted } from './cached-run.ts';
import { createCollapse, type Follower } from './collapse.ts';
import { guardCache } from './guarded-cache.ts';
import { memoryCacheStore } from './lru-cache.ts';
import { replay } from './replay.ts';

// biome-ignore lint/suspicious/noExplicitAny: handlers are typed by their framework, and none of its types is known here
type AnyHandler = (req: any, res: any, next: any) => unknown;

/** A middleware; given a handler, that handler with the cache around it. */
export interface Cached {
  (req: HttpRequest, res: ServerResponse, next: Next): void;
  <H extends AnyHandler>(handler: H): H;
  /** Nothing that was kept until now is given out again by this cache, in this process. */
  clear(): void;
}

const MAX_TTL_SECONDS = 366 * 86_400;

let ofThisProcess: CacheStore | undefined;
let caches = 0;

/**
 * Keeps answers to GET for so many seconds, or less where the answer says so: `app.get('/products', withCache(60), list)`, or around
 * a handler: `withCache(60)(list)`. Of requests for the same at once one runs, the others get what it answers.
 *
 * It belongs behind authentication: what is kept is given out without asking again who may have it, to the very same caller only.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function withCache(ttlSeconds: number, options: WithCacheOptions = {}, clock: Clock = systemClock): Cached {
  const ttlMs = ttlOf(ttlSeconds);
  const resolved = resolveOptions('withCache()', CACHE_TABLE, options, optionInvalid) as ResolvedCache;
  const { maxBodyBytes, waitMs, storeTimeoutMs, log, prefix } = resolved;
  if (resolved.store !== undefined) claimPrefix(resolved.store, prefix, resolved.key !== undefined);
  // Which service calls is a part of who asks.
  keepContext();
  // In the store of all each cache has keys of its own: apps of one process may serve different things at the same address.
  caches += 1;
  const keys = cacheKeys(resolved.store === undefined ? `${prefix}${caches}:` : prefix, resolved);
  ofThisProcess ??= memoryCacheStore();
  const store = guardCache(resolved.store ?? ofThisProcess, storeTimeoutMs, clock, log);
  const collapse = createCollapse(waitMs, clock);
  const run = createRun({ keys, store, ttlMs, maxBodyBytes, clock, log });

  async function find(req: HttpRequest, who: string): Promise<{ wanted: Wanted; entry: CacheEntry | undefined }> {
    const base = keys.base(req, who);
    const entry = await store.get(base);
    if (entry?.kind !== 'variants') return { wanted: { who, base, key: base }, entry };
    const key = keys.variant(base, req, entry.headers);
    return { wanted: { who, base, key }, entry: await store.get(key) };
  }

  function runTogether(req: HttpRequest, res: ServerResponse, next: Next, wanted: Wanted): void {
    const follower: Follower = {
      answered(answer, answerKey) {
        // Another language, or another encoding, than who ran wanted, is another answer.
        if (keys.variant(wanted.base, req, answer.variesBy) === answerKey) replay(req, res, answer, clock.epochMs());
        else run(req, res, next, wanted);
      },
      run: (lead) => run(req, res, next, wanted, lead),
    };
    const entered = collapse.enter(wanted.key, follower);
    if ('lead' in entered) run(req, res, next, wanted, entered.lead);
    else res.once('close', entered.leave);
  }

  async function answer(req: HttpRequest, res: ServerResponse, next: Next, wishes: Wishes, who: string): Promise<void> {
    const { wanted, entry } = await find(req, who);
    if (res.destroyed || res.headersSent) return;
    const nowMs = clock.epochMs();
    const isFresh = entry?.kind === 'answer' && nowMs - entry.storedAtMs <= wishes.maxAgeSeconds * 1_000;
    if (isFresh) replay(req, res, entry, nowMs);
    else if (wishes.onlyIfCached) next(new AppError('Not in the cache', { status: 504, code: 'NOT_CACHED' }));
    // The answer to HEAD has no body to keep.
    else if (req.method === 'HEAD') pass(res, next);
    else if (entry?.kind === 'refusal') run(req, res, next, wanted);
    else runTogether(req, res, next, wanted);
  }

  function middleware(req: HttpRequest, res: ServerResponse, next: Next): void {
    const wishes = isForCaches(req) && !res.headersSent ? wishesOf(req.headers) : undefined;
    const who = wishes === undefined ? undefined : keys.identity(req);
    if (wishes === undefined) next();
    else if (!wishes.mayStore || who === undefined) pass(res, next);
    else if (wishes.mayRead) answer(req, res, next, wishes, who).catch(next);
    else if (req.method === 'GET') {
      const base = keys.base(req, who);
      run(req, res, next, { who, base, key: base });
    } else pass(res, next);
  }

  function cached(first: HttpRequest | AnyHandler, res?: ServerResponse, next?: Next): unknown {
    if (typeof first === 'function') return around(middleware, first);
    return middleware(first, res as ServerResponse, next as Next);
  }
  return Object.freeze(Object.assign(cached as Omit<Cached, 'clear'> & AnyHandler, { clear: () => keys.renew() })) as Cached;
}

/** What the origin has to look at by itself (RFC 9111, 4.3.2; RFC 9110, 14.2). */
const FOR_THE_ORIGIN = ['range', 'if-match', 'if-unmodified-since'] as const;

/** A body that comes with GET is no part of the key, and may make a difference all the same. */
function isForCaches({ method, headers }: HttpRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  return !hasBody && FOR_THE_ORIGIN.every((name) => headers[name] === undefined);
}

function pass(res: ServerResponse, next: Next): void {
  res.setHeader('X-Cache', 'MISS');
  next();
}

/** Called as its handler is. One that fails, also later, says so as in Express 5. */
function around(middleware: Middleware, handler: AnyHandler): Middleware {
  const cached: Middleware = (req, res, next) => {
    middleware(req, res, (error) => {
      if (error === undefined) new Promise<unknown>((resolve) => resolve(handler(req, res, next))).catch(next);
      else next(error);
    });
  };
  return Object.defineProperty(cached, 'name', { value: handler.name });
}

function ttlOf(ttlSeconds: unknown): number {
  if (typeof ttlSeconds === 'number' && ttlSeconds > 0 && ttlSeconds <= MAX_TTL_SECONDS) return ttlSeconds * 1_000;
  throw httpError(
    'HTTP_OPTION_INVALID',
    `withCache() got ${String(ttlSeconds)}; it takes seconds, more than 0 and up to ${MAX_TTL_SECONDS}: withCache(60).`,
  );
}
