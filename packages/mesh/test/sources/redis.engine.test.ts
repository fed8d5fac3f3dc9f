import { Redis as Ioredis } from 'ioredis';
import { createClient } from 'redis';
import { findBinary, startEngine, whyMissing } from '../../../../test/engines/engine.ts';
import { REDIS } from '../../../../test/engines/redis.ts';
import { type RedisClient, redisSource } from '../../src/sources/redis.ts';
import { describeSource } from './conformance.test-support.ts';

const missing = findBinary(REDIS) === undefined ? whyMissing(REDIS) : undefined;

type Connect = (port: number) => { client: RedisClient; end: () => unknown };

const CLIENTS: readonly [string, Connect][] = [
  [
    'redis',
    (port) => {
      const client = createClient({ url: `redis://127.0.0.1:${port}` });
      client.connect().catch(() => {});
      return { client, end: () => client.destroy() };
    },
  ],
  [
    'ioredis',
    (port) => {
      const client = new Ioredis(port, '127.0.0.1');
      return { client, end: () => client.disconnect() };
    },
  ],
];

for (const [name, connect] of CLIENTS) {
  describeSource({
    name: `Redis over ${name}`,
    missing,
    pingIntervalMs: 600,
    hasEngine: true,
    async open() {
      const engine = await startEngine(REDIS);
      const spoiler = createClient({ url: `redis://127.0.0.1:${engine.port}` });
      spoiler.on('error', () => {});
      await spoiler.connect();
      return {
        engine,
        async member() {
          const { client, end } = connect(engine.port);
          return { options: { source: redisSource({ client }) }, end };
        },
        async spoil(value) {
          const id = `bad ${value.slice(0, 10)}`;
          await spoiler.zAdd('{express-micro}:leases', { score: Date.now() + 60_000, value: id });
          await spoiler.hSet('{express-micro}:records', id, value);
        },
        async close() {
          spoiler.destroy();
          await engine.close();
        },
      };
    },
  });
}
