import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY, until } from '../e2e/processes.test-support.ts';
import { outline, type Span, startReceiver, traceOf } from '../e2e/receiver.test-support.ts';
import { request } from '../e2e/services.test-support.ts';
import { KINDS, startTraced } from '../e2e/tracing.test-support.ts';
import { type EngineProgram, findBinary, startEngine, whyMissing } from '../engines/engine.ts';
import { POSTGRES } from '../engines/postgres.ts';
import { REDIS } from '../engines/redis.ts';

const missing = [POSTGRES, REDIS].filter((program: EngineProgram) => findBinary(program) === undefined).map(whyMissing);
if (missing.length > 0) console.warn(`skipped: ${missing.join('; ')}`);

beforeAll(() => {
  execFileSync(process.execPath, [path.join(REPOSITORY, 'tools/build.mjs')], { cwd: REPOSITORY });
}, 120_000);

describe.skipIf(missing.length > 0)('what a request asks of PostgreSQL and Redis', () => {
  it.each(KINDS)('shows in its trace, without what was written or read, --%s', async (kind) => {
    const [postgres, redis] = await Promise.all([startEngine(POSTGRES), startEngine(REDIS)]);
    try {
      const receiver = await startReceiver();
      const app = await startTraced('app', {
        kind,
        receiver,
        env: {
          DATABASE_URL: `postgres://postgres@127.0.0.1:${postgres.port}/postgres`,
          REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        },
      });
      const ask = async (id: string) =>
        JSON.parse((await request(`${app.url}/stores`, { headers: { 'x-request-id': id } })).body);
      // The first one connects, too.
      expect(await ask('first')).toEqual({ n: 'nobody-may-see', a: 'nobody-may-see' });
      expect(await ask('second')).toEqual({ n: 'nobody-may-see', a: 'nobody-may-see' });
      const isDone = (id: string) => traceOf(receiver.spans, id).some(({ kind: of }) => of === 'server');
      await until(
        'both traces',
        () => [isDone('first'), isDone('second')],
        (seen) => seen.every(Boolean),
      );
      const systemOf = ({ kind: of, name, attributes }: Span) =>
        `${of} ${name} ${attributes['db.system.name'] ?? attributes['db.system'] ?? ''}`.trimEnd();
      expect(outline(traceOf(receiver.spans, 'second'), systemOf)).toMatchInlineSnapshot(`
        [
          "server GET /stores",
          "  client pg-pool.connect postgresql",
          "  client pg.query:SELECT postgres postgresql",
          "  client redis-GET redis",
          "  client set redis",
        ]
      `);
      const texts = JSON.stringify(receiver.spans.map(({ attributes }) => attributes));
      expect(texts).toContain('SELECT $1::text AS n');
      expect(texts).not.toContain('nobody-may-see');
      // Nothing began outside of a request.
      expect(receiver.spans.filter(({ parentSpanId, kind: of }) => parentSpanId === undefined && of !== 'server')).toEqual([]);
    } finally {
      await Promise.all([postgres.close(), redis.close()]);
    }
  });
});
