import { Etcd3 } from 'etcd3';
import { findBinary, startEngine, whyMissing } from '../../../../test/engines/engine.ts';
import { ETCD } from '../../../../test/engines/etcd.ts';
import { etcdSource } from '../../src/sources/etcd.ts';
import { describeSource } from './conformance.test-support.ts';

describeSource({
  name: 'etcd',
  missing: findBinary(ETCD) === undefined ? whyMissing(ETCD) : undefined,
  // Its leases are two seconds at the least.
  pingIntervalMs: 1_200,
  hasEngine: true,
  async open() {
    const engine = await startEngine(ETCD);
    const connect = () => new Etcd3({ hosts: `http://127.0.0.1:${engine.port}` });
    const spoiler = connect();
    return {
      engine,
      async member() {
        const client = connect();
        return { options: { source: etcdSource({ client }) }, end: () => client.close() };
      },
      spoil: async (value) =>
        void (await spoiler.put(`express-micro/members/bad${Buffer.from(value.slice(0, 12)).toString('hex')}`).value(value)),
      async close() {
        spoiler.close();
        await engine.close();
      },
    };
  },
});
