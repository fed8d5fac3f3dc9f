import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../examples/http-errors/', import.meta.url));
const environment = { ...process.env, NODE_ENV: '', PORT: '0', CURSOR_SECRET: 'a-secret-of-thirty-two-characters' };

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(file: string): { stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.join(folder, file)], { env: environment, encoding: 'utf8', timeout: 30_000 });
}

describe('the examples of errors, responses and the base', () => {
  it('orders: every failure is one shape, and says what went wrong', async () => {
    const child = spawn(process.execPath, [path.join(folder, 'orders.js')], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const url = `http://127.0.0.1:${/orders at (\d+)/.exec(line)?.[1]}`;
    const get = async (to: string, init?: RequestInit) => {
      const answer = await fetch(`${url}${to}`, init);
      return [answer.status, await answer.json()];
    };
    const post = (body: string) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const requestId = expect.any(String);
    expect(await get('/orders/7')).toEqual([404, { status: 'error', message: 'No order 7', code: 'NOT_FOUND', requestId }]);
    expect(await get('/nowhere')).toMatchObject([404, { message: 'Cannot GET /nowhere', code: 'ROUTE_NOT_FOUND' }]);
    expect(await get('/shop/orders', post('{"sku":"lamp"}'))).toMatchObject([
      409,
      { code: 'OUT_OF_STOCK', data: { sku: 'lamp' } },
    ]);
    expect(await get('/shop/orders', post('{"count":11}'))).toMatchObject([429, { code: 'REQUEST_FAILED' }]);
    expect(await get('/shop/orders', post('{"count":'))).toMatchObject([
      400,
      { code: 'BODY_MALFORMED', data: { line: 1, column: 10 } },
    ]);
    expect(await get('/shop/reports/2')).toMatchObject([404, { message: 'No report 2' }]);
    expect(await get('/shop/reports/1')).toEqual([200, { id: '1' }]);
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('the others do what their documents say', () => {
    expect(run('fastify.js').stdout).toBe('404 No order 7\n');
    expect(run('lists.js').stdout).toBe('pages 3\ncursors 40 5 null\nwrites 200 412\nlines 45\n');
    expect(run('security-on-fastify.js').stdout).toBe('200 https://shop.example.com nosniff\n');
    expect(run('mesh.js').stdout).toBe('/carts/7 502 Bad Gateway MESH_REMOTE_STATUS\n/my/orders/7 404 No order 7 NO_ORDER\n');
    const base = run('express-base.js');
    expect(base.stdout).toContain('400 https://shop.example.com The body is not valid JSON: line 1, column 9');
  });
});
