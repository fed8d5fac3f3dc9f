import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { findBinary, startEngine, whyMissing } from '../../../../test/engines/engine.ts';
import { NATS } from '../../../../test/engines/nats.ts';
import { natsSource } from '../../src/sources/nats.ts';
import { describeSource } from './conformance.test-support.ts';

describeSource({
  name: 'NATS',
  missing: findBinary(NATS) === undefined ? whyMissing(NATS) : undefined,
  pingIntervalMs: 600,
  hasEngine: true,
  async open() {
    const engine = await startEngine(NATS);
    const open = (): Promise<NatsConnection> =>
      connect({
        servers: `127.0.0.1:${engine.port}`,
        waitOnFirstConnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
      });
    const spoiler = await open();
    return {
      engine,
      async member() {
        const connection = open();
        const client = connection.then((opened) => new Kvm(opened));
        return { options: { source: natsSource({ client }) }, end: async () => (await connection).close() };
      },
      async spoil(value) {
        const bucket = await new Kvm(spoiler).create('express-micro', { history: 1, ttl: 600_000 });
        await bucket.put(`lease.60000.bad${Buffer.from(value.slice(0, 12)).toString('hex')}`, value);
      },
      async close() {
        await spoiler.close();
        await engine.close();
      },
    };
  },
});
