import pg from 'pg';
import { findBinary, startEngine, whyMissing } from '../../../../test/engines/engine.ts';
import { POSTGRES } from '../../../../test/engines/postgres.ts';
import { postgresSource } from '../../src/sources/postgres.ts';
import { describeSource } from './conformance.test-support.ts';

describeSource({
  name: 'PostgreSQL',
  missing: findBinary(POSTGRES) === undefined ? whyMissing(POSTGRES) : undefined,
  pingIntervalMs: 600,
  hasEngine: true,
  async open() {
    const engine = await startEngine(POSTGRES);
    const connect = () => new pg.Pool({ host: '127.0.0.1', port: engine.port, user: 'postgres', max: 2 });
    const spoiler = connect();
    spoiler.on('error', () => {});
    return {
      engine,
      async member() {
        const client = connect();
        return { options: { source: postgresSource({ client }) }, end: () => client.end() };
      },
      async spoil(value) {
        const row = [`bad${Buffer.from(value.slice(0, 12)).toString('hex')}`, value];
        await spoiler.query("INSERT INTO express_micro_members VALUES ($1, $2, now() + interval '1 minute')", row);
      },
      async close() {
        await spoiler.end();
        await engine.close();
      },
    };
  },
});
