import path from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY, startProgram } from './processes.test-support.ts';

it('the example of operations: measured, asked for its health, and ended in order', async () => {
  const program = startProgram(path.join(REPOSITORY, 'examples/operations/orders.js'), { env: { PORT: '0' } });
  const [, url] = await program.writes(/orders at (http:\S+)/);
  const order = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"kind":"book","euros":20}',
  });
  expect(order.status).toBe(201);
  const page = await (await fetch(`${url}/metrics`)).text();
  for (const line of [
    'orders_total{kind="book"} 1',
    'order_value_euros_bucket{le="50"} 1',
    'pool_connections{state="idle"} 9',
    'http_request_duration_seconds_count{method="POST",route="/orders",status="201"} 1',
  ])
    expect(page.split('\n')).toContain(line);
  const ready = await fetch(`${url}/health/ready`);
  const { status, checks } = (await ready.json()) as { status: string; checks: Record<string, object> };
  expect([ready.status, status, checks.database, checks.mail]).toMatchObject([
    200,
    'ready',
    { status: 'up' },
    { status: 'down' },
  ]);
  program.kill('SIGTERM');
  expect(await program.exit()).toMatchObject({ code: 0, signal: null });
  expect(program.stdout()).toMatch(/exports closed in \d+ ms[\s\S]*database closed in \d+ ms[\s\S]*all closed/);
});
