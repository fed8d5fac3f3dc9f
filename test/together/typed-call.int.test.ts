import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import expressMicro from 'express-micro';
import { afterAll, expect, it } from 'vitest';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

/** Not by a name that the compiler follows: the example declares `Services` for the whole program that it is in. */
const example = (file: string) => import(/* @vite-ignore */ new URL(`../../examples/${file}`, import.meta.url).href);

const running: (() => unknown)[] = [];
afterAll(async () => {
  await Promise.all(running.map((stop) => stop()));
});

async function listen(app: { listen(port: number, host: string): Server }): Promise<string> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('examples/typed-call: two packages, one contract', async () => {
  const { app, micro } = await example('typed-call/orders/server.ts');
  const { report, reorder } = await example('typed-call/reports/report.ts');
  const url = await listen(app);
  const reports = express();
  const caller = expressMicro(reports, { serviceName: 'reports', peers: [url], log: false });
  await listen(reports);
  running.push(
    () => micro.close(),
    () => caller.close(),
  );
  await caller.ready();

  expect(await reorder(caller, 7, 'pen')).toBe('order 1');
  expect(await reorder(caller, 7, 'ink')).toBe('only 0 ink left');
  await expect(reorder(caller, 7, 'chalk')).rejects.toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 404 });
  expect(await report(caller, 7)).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d pen$/)]);

  const { app: fastify } = await example('typed-call/orders/fastify-server.ts');
  running.push(() => fastify.close());
  expect((await fastify.inject('/api/users/7/orders?limit=1')).json()).toHaveLength(1);
});

it('examples/validation: what is right passes, and what is wrong is said', async () => {
  const { app } = await example('validation/app.js');
  const url = await listen(app);
  const post = (body: unknown) =>
    fetch(`${url}/orders`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  expect(await (await post({ sku: 'pen', odd: 1 })).json()).toEqual({ sku: 'pen', count: 1 });
  expect(await (await fetch(`${url}/orders?limit=5&tag=new`)).json()).toEqual({ limit: 5, tag: ['new'] });
  const refused = await post({ sku: '', count: 0.5 });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [
      { field: 'sku', in: 'body' },
      { field: 'count', in: 'body' },
    ],
  });
});
