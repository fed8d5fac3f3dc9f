import path from 'node:path';
import { expect, it } from 'vitest';
import { freePort, newKey, REPOSITORY, startProgram, until } from './processes.test-support.ts';
import { request } from './services.test-support.ts';

it('the example of docs/serving.md: work ends with its request, an order is taken once, SIGTERM ends the process', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = startProgram(path.join(REPOSITORY, 'examples/serving/reports.js'), {
    env: { PORT: String(port), EXPRESS_DISCOVERY_KEY: newKey() },
  });
  await until(
    'it to listen',
    () => request(`${url}/health/ready`).catch(() => ({ status: 0, body: '' })),
    ({ status }) => status === 200,
  );
  const headers = { 'idempotency-key': 'k-1' };
  const orders = [1, 2].map(() => ({ method: 'POST', json: { item: 'pen' }, headers }));
  for (const order of orders) {
    expect(await request(`${url}/orders`, order)).toMatchObject({ status: 201, body: '{"orderId":1}' });
  }
  const hurried = await request(`${url}/reports/1`, { headers: { 'express-micro-deadline': '100' } });
  expect([hurried.status, hurried.body]).toEqual([503, '{"error":"not enough time for a report"}']);
  const timed = await request(`${url}/reports/1`, { headers: { 'express-micro-deadline': '600' } });
  expect(timed.status).toBe(503);
  await program.writes(/nobody waits for \/reports\/1: MESH_DEADLINE_EXCEEDED/);
  expect((await request(`${url}/reports/1`)).status).toBe(200);
  program.kill('SIGTERM');
  expect(await program.exit(5_000)).toMatchObject({ code: 0, signal: null });
});
