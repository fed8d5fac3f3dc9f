import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isFree, newKey, REPOSITORY, startProgram, until } from './processes.test-support.ts';

const USERS = 'http://127.0.0.1:3010';
const ORDERS = 'http://127.0.0.1:3011';
const example = (file: string) => path.join(REPOSITORY, 'examples/fastify', file);

describe('P2: the services of examples/fastify', () => {
  it('find each other, call each other, and end by themselves on SIGTERM', async () => {
    for (const port of [3010, 3011]) await until(`port ${port} is free`, () => isFree(port), Boolean, 2_000);
    const env = { EXPRESS_DISCOVERY_KEY: newKey(), LOG_LEVEL: 'warn' };
    const users = startProgram(example('user-service.js'), { env });
    const orders = startProgram(example('order-service.js'), { env });
    await Promise.all([users.writes(/listens on/, 20_000), orders.writes(/listens on/, 20_000)]);
    const ask = async (url: string, init?: RequestInit) => {
      const response = await fetch(url, init);
      return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
    };
    const { body } = await until(
      'a call across both',
      () => ask(`${ORDERS}/orders/1`),
      ({ status }) => status === 200,
      10_000,
    );
    expect(body).toEqual([{ id: 1, for: 'Ada', item: 'keyboard' }]);
    expect(await ask(`${ORDERS}/orders/9`)).toMatchObject({ status: 404, body: { code: 'MESH_REMOTE_STATUS' } });
    expect((await fetch(`${USERS}/internal/users`)).status).toBe(401);
    const post = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1' },
      body: '{"name":"Grace"}',
    };
    const answers = [await ask(`${USERS}/users`, post), await ask(`${USERS}/users`, post)];
    expect(answers.map((answer) => [answer.status, answer.body])).toEqual([
      [201, { id: 2, name: 'Grace' }],
      [201, { id: 2, name: 'Grace' }],
    ]);
    const report = await ask(`${USERS}/reports/1`, { headers: { origin: 'https://shop.example.com' } });
    expect(report.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    expect(report.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await ask(`${USERS}/reports/1`, { headers: { 'express-micro-deadline': '100' } })).toMatchObject({ status: 503 });
    expect((await ask(`${USERS}/health/ready`)).body).toEqual({ status: 'ready' });
    users.kill('SIGTERM');
    expect(await users.exit(10_000)).toMatchObject({ code: 0, signal: null });
    orders.kill('SIGKILL');
    await orders.exit(5_000);
  });
});
