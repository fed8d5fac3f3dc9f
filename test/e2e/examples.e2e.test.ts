import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import express from 'express';
import expressMicro from 'express-micro';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const KEY = 'the-secret-of-the-examples';
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** An app of the test that calls, and offers what `declare` says. */
async function member(
  serviceName: string,
  peers: readonly string[],
  options: object = {},
  declare: (app: express.Express) => void = () => {},
) {
  process.env.EXPRESS_DISCOVERY_KEY = KEY;
  const app = express();
  declare(app);
  const micro = expressMicro(app, { serviceName, peers, pingInterval: 1_000, log: false, ...options });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => micro.close());
  return { micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('the examples of the README', () => {
  it('guarded: only signed services may pay, and SIGTERM ends the process by itself', async () => {
    const child = spawn(process.execPath, [path.join(root, 'examples/guarded/payments.js')], {
      env: { ...process.env, EXPRESS_DISCOVERY_KEY: KEY },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    closers.push(async () => child.exitCode === null && child.kill('SIGKILL'));
    const said: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text));
    const { micro } = await member('shop', ['http://127.0.0.1:3003'], { enableHmac: true });
    await micro.ready();
    expect(await micro.services.payments.createPayment({ amount: 10 })).toEqual({ paid: 10, askedBy: 'shop' });
    expect((await fetch('http://127.0.0.1:3003/payments', { method: 'POST' })).status).toBe(401);
    expect(said.join('')).toMatch(/^shop is up at http:\/\/127\.0\.0\.1:\d+$/m);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  it('calls: every form of a call does what the README says', async () => {
    const { placeOrder, nameOf } = await import(pathToFileURL(path.join(root, 'examples/calls.js')).href);
    const orders = await member('order-service', [], {}, (app) => {
      app.get('/orders/:userId', (req, res) => void res.json([{ userId: req.params.userId, query: req.query }]));
      app.post(
        '/orders',
        express.json(),
        (req, res) =>
          void res.status(201).json({ ...req.body, language: req.get('accept-language'), key: req.get('idempotency-key') }),
      );
    });
    const users = await member('user-service', [orders.url], {}, (app) => {
      app.get('/users/:id', (req, res) => void (req.params.id === '1' ? res.json('Ada') : res.status(404).json({})));
    });
    await users.micro.ready();
    const result = await placeOrder(users.micro.services, new AbortController().signal);
    expect(result.orders).toEqual([{ userId: '1', query: { page: '2' } }]);
    expect(result.order).toEqual({ userId: 1, item: 'keyboard', language: 'de', key: 'order-4711' });
    expect(result.bytes).toBeGreaterThan(10);
    expect([await nameOf(users.micro.services, 1), await nameOf(users.micro.services, 2)]).toEqual(['Ada', undefined]);
  });

  it('typed: the declaration is taken, and a mistake in a call is a compile error', () => {
    const tsc = (folder: string) =>
      spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    const good = tsc(path.join(root, 'examples/typed'));
    expect(good.stdout + good.stderr).toBe('');
    const folder = mkdtempSync(path.join(root, 'examples/typed/.mistake-'));
    closers.push(async () => rmSync(folder, { recursive: true }));
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../tsconfig.json', include: ['../services.d.ts', './*.ts'] }),
    );
    writeFileSync(
      path.join(folder, 'mistake.ts'),
      "import type { Micro } from 'express-micro';\nexport const f = ({ services }: Micro) => services.orderService.getOrders({ user: 1 });\n",
    );
    const bad = tsc(folder);
    expect(bad.status).not.toBe(0);
    expect(bad.stdout).toMatch(/mistake\.ts.*user/);
  });
});
