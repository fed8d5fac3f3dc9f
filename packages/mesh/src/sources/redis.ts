import { overRedis, type RedisClient, surviveErrors } from './redis-client.ts';
import { LIST, PUT } from './redis-scripts.ts';
import type { Lease, LeaseRegistry } from './registry.ts';
import { registrySource } from './registry-source.ts';
import type { SourceFactory } from './source.ts';
import { clientOption, has, nameOption, resolveSourceOptions } from './source-options.ts';

export type { IoredisClient, NodeRedisClient, RedisClient } from './redis-client.ts';
export type { SourceFactory } from './source.ts';

export interface RedisSourceOptions {
  /** A client of `redis` or `ioredis`, of one server or behind sentinels. It stays yours: `close()` leaves it open. */
  readonly client: RedisClient;
  /** What the names of all keys begin with; two fleets in one Redis have two. @default 'express-micro' */
  readonly prefix?: string | undefined;
}

const CLIENT = clientOption<RedisClient>(
  'a client of redis or ioredis: createClient({ url }), or new Redis(url)',
  (client) => has(client, 'duplicate', 'on') && (has(client, 'call') || has(client, 'sendCommand')),
);

/**
 * Finds the others in Redis 5 or later (Valkey too): `expressMicro(app, { source: redisSource({ client }) })`.
 *
 * @throws MESH_OPTION_INVALID
 */
export function redisSource(options: RedisSourceOptions): SourceFactory {
  const { client, prefix } = resolveSourceOptions(
    'redisSource()',
    { client: CLIENT, prefix: nameOption('express-micro') },
    options,
  );
  surviveErrors(client);
  return registrySource('Redis', () => createRedisRegistry(client, prefix));
}

function createRedisRegistry(client: RedisClient, prefix: string): LeaseRegistry {
  const redis = overRedis(client);
  // In braces, so that a cluster keeps them in one place.
  const keys = ['leases', 'records', 'stamp'].map((name) => `{${prefix}}:${name}`);
  const channel = `{${prefix}}:changes`;
  let known: { readonly stamp: string; readonly values: readonly string[] } = { stamp: '', values: [] };
  let subscription: { readonly stop: () => void } | undefined;
  let isClosed = false;
  let opens = 0;

  const run = (script: string, args: string[]): Promise<unknown> =>
    redis.command('EVAL', [script, String(keys.length), ...keys, ...args]);

  function stop(): void {
    subscription?.stop();
    subscription = undefined;
  }

  return {
    async open(onHint) {
      opens += 1;
      const own = opens;
      known = { stamp: '', values: [] };
      await redis.ready();
      // Connects a lazy one, and says whether it may be used at all: a password may be wanted.
      await redis.command('PING', []);
      // Several may have waited for the connection, of which only the last is still waited for.
      if (isClosed || own !== opens) return;
      stop();
      const { subscribed, ...rest } = redis.subscribe(channel, onHint);
      subscription = rest;
      await subscribed;
    },

    async put({ id, value, ttlMs, isNews }: Lease) {
      await run(PUT, [id, value, String(ttlMs), isNews ? '1' : '0', channel]);
    },

    async list(max) {
      const answer = await run(LIST, [known.stamp, String(max)]);
      const [stamp = '', ...values] = (answer as unknown[]).map((part) => String(part ?? ''));
      if (stamp === '' || stamp !== known.stamp) known = { stamp, values: values.filter((value) => value !== '') };
      return known.values;
    },

    async close() {
      isClosed = true;
      stop();
    },
  };
}
