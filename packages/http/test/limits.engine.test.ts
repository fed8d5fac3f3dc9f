import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@express-micro/core';
import { Redis as Ioredis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, findBinary, startEngine, whyMissing } from '../../../test/engines/engine.ts';
import { REDIS } from '../../../test/engines/redis.ts';
import { type RateLimitStore, type RedisLike, rateLimit, redisLimitStore } from '../src/index.ts';
import { recordedLog } from '../src/manual-clock.test-support.ts';
import { describeLimitStore } from './limit-store.test-support.ts';

const missing = findBinary(REDIS) === undefined ? whyMissing(REDIS) : undefined;

let engine: Engine;
beforeAll(async () => {
  if (missing === undefined) engine = await startEngine(REDIS);
});
afterAll(() => engine?.close());

async function overRedis(port = engine.port) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  client.on('error', () => {});
  await client.connect();
  return { client, end: () => client.destroy() };
}

async function overIoredis(port = engine.port) {
  const client = new Ioredis(port, '127.0.0.1', { retryStrategy: () => 50 });
  client.on('error', () => {});
  await once(client, 'ready');
  return { client, end: () => client.disconnect() };
}

const CLIENTS: readonly [string, (port?: number) => Promise<{ client: RedisLike; end: () => unknown }>][] = [
  ['redis', overRedis],
  ['ioredis', overIoredis],
];

for (const [name, connect] of CLIENTS) {
  describeLimitStore({
    name: `Redis over ${name}`,
    missing,
    async open() {
      const { client, end } = await connect();
      return { store: redisLimitStore({ client, whenStoreFails: 'closed', timeoutMs: 5_000 }), close: end };
    },
  });
}

async function serve(client: RedisLike) {
  const store = redisLimitStore({ client, whenStoreFails: 'closed', timeoutMs: 5_000 });
  const limiter = rateLimit({ limit: 50, prefix: 'rl:two:', store });
  const server = createServer((req, res) => {
    limiter(req, res, (error) => res.writeHead((error as { status?: number } | undefined)?.status ?? 200).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe.skipIf(missing !== undefined)('a limit in Redis', () => {
  it('is one for two servers on it: of 400 requests at once exactly the limit passes', async () => {
    const clients = [await overRedis(), await overIoredis()];
    const servers = await Promise.all(clients.map(({ client }) => serve(client)));
    const urls = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => fetch(urls[i % 2] as string).then(({ status }) => status)),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(50);
    expect(answers.filter((status) => status === 429)).toHaveLength(350);
    for (const server of servers) server.closeAllConnections();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    for (const { end } of clients) end();
  });

  it('leaves one key a caller, under its prefix, which is gone by itself', async () => {
    const { client, end } = await overRedis();
    await client.flushAll();
    const store = redisLimitStore({ client, whenStoreFails: 'closed' });
    await store.take('rl:auth:ip:203.0.113.7', { limit: 5, slotMs: 15_000 });
    expect(await client.keys('*')).toEqual(['rl:auth:ip:203.0.113.7']);
    const ttl = await client.pTTL('rl:auth:ip:203.0.113.7');
    expect(ttl).toBeGreaterThan(900_000);
    expect(ttl).toBeLessThanOrEqual(62 * 15_000);
    end();
  });

  it('counts on after Redis was started anew and knows no script', async () => {
    const { client, end } = await overRedis();
    const store = redisLimitStore({ client, whenStoreFails: 'closed' });
    await client.sendCommand(['SCRIPT', 'FLUSH']);
    expect(await store.take('rl:script', { limit: 5, slotMs: 1_000 })).toMatchObject({ isAllowed: true, used: 1 });
    end();
  });

  it('drops slots that are over, or of another kind of window', async () => {
    const { client, end } = await overRedis();
    await client.hSet('rl:slots', { 1: 100, 99999999999: 100 });
    const store = redisLimitStore({ client, whenStoreFails: 'closed' });
    expect(await store.take('rl:slots', { limit: 5, slotMs: 1_000 })).toMatchObject({ isAllowed: true, used: 1 });
    expect(await client.hLen('rl:slots')).toBe(1);
    end();
  });
});

describe.skipIf(missing !== undefined)('limits in a cluster', () => {
  it('count by its clients, too', async () => {
    const node = await startEngine({
      ...REDIS,
      args: (place) => [...REDIS.args(place), '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    });
    const { client: admin, end } = await overRedis(node.port);
    await admin.sendCommand(['CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => String(slot))]);
    while (!String(await admin.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok'));
    const redis = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${node.port}` }] });
    redis.on('error', () => {});
    await redis.connect();
    const ioredis = new Ioredis.Cluster([{ host: '127.0.0.1', port: node.port }]);
    await once(ioredis, 'ready');
    const stores = [redis, ioredis].map((client) => redisLimitStore({ client, whenStoreFails: 'closed', timeoutMs: 5_000 }));
    const taken = await Promise.all(
      Array.from({ length: 100 }, (_, i) => stores[i % 2]?.take('rl:cluster', { limit: 5, slotMs: 1_000 })),
    );
    expect(taken.filter((one) => one !== undefined && one !== 'unknown' && one.isAllowed)).toHaveLength(5);
    redis.destroy();
    ioredis.disconnect();
    end();
    await node.close();
  });
});

it('has to be said what becomes of requests without Redis', () => {
  const client = { status: 'ready', call: async () => null };
  expect(() => redisLimitStore({ client } as never)).toThrow(
    /"whenStoreFails".*it takes 'open' .* or 'closed' .*; it has to be said/,
  );
  expect(() => redisLimitStore({ client, whenStoreFails: 'ajar' as never })).toThrow('got "ajar"');
  expect(() => redisLimitStore({ whenStoreFails: 'open' } as never)).toThrow('a client of redis or ioredis');
});

describe.skipIf(missing !== undefined)('when Redis is gone', () => {
  const asks = async (store: RateLimitStore) =>
    Promise.resolve(store.take('rl:gone', { limit: 1_000_000, slotMs: 1_000 })).then(
      (taken) => (taken === 'unknown' ? 'passes uncounted' : 'counts'),
      (error: { status: number; code: string }) => `${error.status} ${error.code}`,
    );
  const until = async (store: RateLimitStore, wanted: string) => {
    const endsAtMs = systemClock.monotonicMs() + 20_000;
    while ((await asks(store)) !== wanted) {
      if (systemClock.monotonicMs() > endsAtMs) throw new Error(`never ${wanted}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it.each(CLIENTS)(
    'requests pass or are refused as was chosen, at once, and counting goes on when it is back (%s)',
    async (_name, connect) => {
      const own = await startEngine(REDIS);
      const { client, end } = await connect(own.port);
      const log = recordedLog();
      const open = redisLimitStore({ client, whenStoreFails: 'open', log });
      const closed = redisLimitStore({ client, whenStoreFails: 'closed', log });
      expect([await asks(open), await asks(closed)]).toEqual(['counts', 'counts']);
      await own.kill();
      await until(open, 'passes uncounted');
      await until(closed, '503 RATE_LIMIT_UNAVAILABLE');
      const startMs = systemClock.monotonicMs();
      for (let i = 0; i < 100; i++) expect(await asks(open)).toBe('passes uncounted');
      // It is known to be gone: nobody waits for it.
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(2_000);
      expect(log.lines.join('\n')).toContain('does not answer');
      await own.start();
      await until(open, 'counts');
      await until(closed, 'counts');
      expect(log.lines.join('\n')).toContain('answers again');
      end();
      await own.close();
    },
  );
});
