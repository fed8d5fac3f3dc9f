import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { fixture } from './processes.test-support.ts';

it("E8: under OpenTelemetry's own instrumentation routes are read, and called, as without it", async () => {
  const child = spawn(process.execPath, [fixture('traced.cjs')], {
    env: { ...process.env, EXPRESS_DISCOVERY_KEY: 'the-secret-of-this-test' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  const { wrapped, answers, routes } = JSON.parse(output) as { wrapped: number; answers: unknown[]; routes: string[] };
  expect(wrapped, 'layers that the instrumentation has wrapped').toBeGreaterThanOrEqual(3);
  expect(answers).toEqual([{ pen: '7' }, { n: 1 }]);
  expect(routes.map((route) => route.split(' ').slice(0, 2).join(' '))).toEqual([
    'GET /api/v1/shop/pens/:id',
    'POST /api/v1/shop/orders',
    'GET /inks',
  ]);
});
