import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { openPool } from './undici.ts';

it('the part of undici that is loaded is the very class that its index gives', async () => {
  const { Pool } = createRequire(import.meta.url)('undici') as typeof import('undici');
  const pool = await openPool('http://127.0.0.1:9', {
    maxConnections: 1,
    connectTimeoutMs: 100,
    idleConnectionMs: 100,
    tls: {},
    onDisconnect: undefined,
  });
  expect(pool).toBeInstanceOf(Pool);
  await pool.destroy();
});
