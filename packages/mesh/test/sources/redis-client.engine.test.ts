import type { Socket } from 'node:net';
import { Redis as Ioredis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, findBinary, startEngine, whyMissing } from '../../../../test/engines/engine.ts';
import { REDIS } from '../../../../test/engines/redis.ts';
import { overRedis } from '../../src/sources/redis-client.ts';

const missing = findBinary(REDIS) === undefined ? whyMissing(REDIS) : undefined;

describe.skipIf(missing !== undefined)('a subscription by ioredis', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine(REDIS);
  });
  afterAll(() => engine.close());

  /** A subscription, the connection that it stands on, and a way to cut that. */
  async function subscribe() {
    const client = new Ioredis(engine.port, '127.0.0.1');
    const { duplicate } = client;
    const made: Ioredis[] = [];
    client.duplicate = (options) => {
      const one = duplicate.call(client, options);
      made.push(one);
      return one;
    };
    let heard = 0;
    const { subscribed, stop } = overRedis(client).subscribe('news', () => {
      heard += 1;
    });
    await subscribed;
    const [subscriber] = made;
    if (subscriber === undefined) throw new Error('no connection of its own');
    const cut = () => client.client('KILL', 'TYPE', 'PUBSUB');
    const publish = () => client.publish('news', 'x');
    return { subscriber, stop, cut, publish, heard: () => heard, end: () => client.disconnect() };
  }

  it('is there again after its connection was lost', async () => {
    const { stop, cut, publish, heard, end } = await subscribe();
    await cut();
    await expect.poll(async () => (await publish()) > 0 && heard() > 0, { timeout: 5_000 }).toBe(true);
    stop();
    end();
  });

  it('that is stopped, and cut, while it subscribes again leaves no failure that nobody catches', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    for (let round = 0; round < 5; round++) {
      const { subscriber, stop, cut, end } = await subscribe();
      const isOver = new Promise<void>((resolve) => subscriber.once('end', resolve));
      // Its SUBSCRIBE is on the way, and the answer will not be read any more.
      subscriber.once('ready', () => {
        stop();
        (subscriber as unknown as { stream: Socket }).stream.destroy();
      });
      await cut();
      await isOver;
      end();
    }
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
