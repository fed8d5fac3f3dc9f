import { createHash } from 'node:crypto';
import {
  type Clock,
  consoleLog,
  integerOption,
  type Log,
  type Option,
  OptionProblem,
  resolveOptions,
  systemClock,
} from '@express-micro/core';
import { AppError } from '../app-errors.ts';
import { optionInvalid } from '../errors.ts';
import { logOption } from '../log-option.ts';
import { type RateLimitStore, UNKNOWN } from './limit-store.ts';
import { isRedisLike, overClient, type RedisLike, surviveErrors } from './redis-client.ts';
import { GIVE_BACK, READ, TAKE } from './redis-script.ts';
import type { Count, LimitRule, Taken } from './sliding-window.ts';
import { createStoreGuard } from './store-guard.ts';

export type { IoredisLike, NodeRedisClusterLike, NodeRedisLike, RedisLike } from './redis-client.ts';

export interface RedisLimitStoreOptions {
  /** A client of `redis` or `ioredis`, of one server, behind sentinels, or of a cluster. It stays yours: nothing here closes it. */
  readonly client: RedisLike;
  /**
   * What becomes of requests while Redis does not answer. `'open'`: they pass uncounted; who wants to try a million passwords waits for
   * that. `'closed'`: they are refused with 503; without Redis nobody is served. There is no right answer for all, so there is no default.
   */
  readonly whenStoreFails: 'open' | 'closed';
  /**
   * Milliseconds for which an answer of Redis is waited for. Raising it makes requests slower when Redis is; lowering it gives up on a
   * Redis that is only busy. @default 250
   */
  readonly timeoutMs?: number | undefined;
  /** Told when Redis is lost and when it is back. @default standard error */
  readonly log?: Log | undefined;
}

const CLIENT: Option<RedisLike> = {
  takes: 'a client of redis or ioredis: createClient({ url }), or new Redis(url)',
  fallback: () => {
    throw new OptionProblem();
  },
  read: (value) => {
    if (!isRedisLike(value)) throw new OptionProblem();
    return value;
  },
};

const WHEN_STORE_FAILS: Option<'open' | 'closed'> = {
  takes: `'open' (while Redis is gone requests pass uncounted) or 'closed' (they are refused with 503); it has to be said`,
  fallback: () => {
    throw new OptionProblem('there is none');
  },
  read: (value) => {
    if (value !== 'open' && value !== 'closed') throw new OptionProblem();
    return value;
  },
};

const TABLE = {
  client: CLIENT,
  whenStoreFails: WHEN_STORE_FAILS,
  timeoutMs: integerOption('milliseconds', { min: 10, max: 10_000 }, () => 250),
  log: logOption(consoleLog),
};

/**
 * Counts in Redis 5 or later (Valkey too), for all processes together: `apiLimiter({ store: redisLimitStore({ client, whenStoreFails: 'open' }) })`.
 * Each request is one script, and so one step, by the clock of Redis. When Redis is back, counting goes on by itself.
 *
 * @throws HTTP_OPTION_INVALID also where it is not said what happens without Redis
 */
export function redisLimitStore(options: RedisLimitStoreOptions, clock: Clock = systemClock): RateLimitStore {
  const { client, whenStoreFails, timeoutMs, log } = resolveOptions('redisLimitStore()', TABLE, options, optionInvalid);
  const send = overClient(client);
  surviveErrors(client);
  const isOpen = whenStoreFails === 'open';
  const meanwhile = isOpen ? 'requests pass uncounted' : 'requests are refused';
  const guard = createStoreGuard({ name: 'the Redis of the rate limits', timeoutMs, clock, log, meanwhile });

  const [take, read, giveBack] = [TAKE, READ, GIVE_BACK].map((script) => {
    const sha = createHash('sha1').update(script).digest('hex');
    return (key: string, ...args: (number | string)[]): Promise<number[]> =>
      guard.run(async () => {
        const rest = ['1', key, ...args.map(String)];
        const answer = await send(key, 'EVALSHA', [sha, ...rest]).catch((error: unknown) => {
          // A Redis that was started anew does not know it.
          if (!String((error as Error | undefined)?.message).startsWith('NOSCRIPT')) throw error;
          return send(key, 'EVAL', [script, ...rest]);
        });
        return [answer].flat().map(Number);
      });
  }) as [Script, Script, Script];

  return Object.freeze({
    async take(key: string, { slotMs, limit }: LimitRule): Promise<Taken | typeof UNKNOWN> {
      try {
        const [isAllowed = 0, used = 0, slot = 0, resetMs = 0] = await take(key, slotMs, limit);
        return { isAllowed: isAllowed === 1, used, slot, resetMs };
      } catch (error) {
        if (isOpen) return UNKNOWN;
        throw new AppError('Temporarily unavailable', {
          status: 503,
          code: 'RATE_LIMIT_UNAVAILABLE',
          headers: { 'retry-after': '1' },
          cause: error,
        });
      }
    },
    async giveBack(key: string, _rule: LimitRule, slot: number): Promise<void> {
      await giveBack(key, slot);
    },
    async read(key: string, { slotMs }: LimitRule): Promise<Count> {
      const [, used = 0, , resetMs = 0] = await read(key, slotMs);
      return { used, resetMs };
    },
    async reset(key: string): Promise<void> {
      await guard.run(() => send(key, 'DEL', [key]));
    },
  });
}

type Script = (key: string, ...args: (number | string)[]) => Promise<number[]>;
