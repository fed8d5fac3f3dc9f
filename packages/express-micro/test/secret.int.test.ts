import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import expressMicro from '../src/index.ts';
import { bearer, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(async () => {
  vi.unstubAllEnvs();
  await stopAll();
});

/** Declares what every test here calls: a body parser first, then a guarded route, then a public one. */
function vault(app: express.Express, micro: import('../src/index.ts').Micro): void {
  app.post('/open', express.json(), (req, res) => void res.json({ got: req.body, caller: micro.caller(req) ?? null }));
  app.post('/vault', micro.internal(), express.json({ limit: '1mb' }), function store(req, res) {
    res.json({ got: req.body, caller: micro.caller(req) });
  });
  app.get('/vault', micro.internal(), (req, res) => void res.json({ query: req.query }));
}

describe('E14: ipWhitelist', () => {
  it('covers discovery and internal() routes and never the public ones', async () => {
    const closed = await startService('closed', vault as never, { ipWhitelist: ['10.0.0.0/8'] });
    expect((await rawRequest(`${closed.url}/_discovery/services`, { headers: bearer() })).status).toBe(403);
    expect((await rawRequest(`${closed.url}/vault`)).status).toBe(403);
    expect(
      (await rawRequest(`${closed.url}/open`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }))
        .status,
    ).toBe(200);
    const open = await startService('open', vault as never, { ipWhitelist: ['127.0.0.0/8', '::1'] });
    expect((await rawRequest(`${open.url}/_discovery/services`, { headers: bearer() })).status).toBe(200);
  });

  it('believes X-Forwarded-For of named proxies only, whatever Express is told', async () => {
    const forwarded = (url: string, chain: string) =>
      rawRequest(`${url}/_discovery/services`, { headers: { ...bearer(), 'x-forwarded-for': chain } }).then(
        ({ status }) => status,
      );
    const trusting = (app: express.Express) => void app.set('trust proxy', true);
    const unnamed = await startService('unnamed', trusting as never, { ipWhitelist: ['10.0.0.0/8'] });
    expect(await forwarded(unnamed.url, '10.0.0.1')).toBe(403);
    const named = await startService('named', trusting as never, { ipWhitelist: ['10.0.0.0/8'], trustedProxies: ['127.0.0.1'] });
    expect(await forwarded(named.url, '10.0.0.1')).toBe(200);
    expect(await forwarded(named.url, '10.0.0.1, 192.0.2.7')).toBe(403);
    expect(await forwarded(named.url, 'nonsense')).toBe(403);
  });
});

describe('E12, E15: the secret', () => {
  it('a key file is made for its user alone, and refused with a reason when it is not', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-key-'));
    vi.stubEnv('EXPRESS_DISCOVERY_KEY', undefined);
    vi.stubEnv('TMPDIR', folder);
    const told: string[] = [];
    const log = { info: (message: string) => void told.push(message), warn: () => {}, error: () => {} };
    await startService('first', () => {}, { log });
    const file = /in (\S+)/.exec(told[0] ?? '')?.[1] ?? '';
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(told.join()).not.toContain((await import('node:fs')).readFileSync(file, 'utf8').trim());
    (await import('node:fs')).chmodSync(file, 0o644);
    expect(() => expressMicro(express(), { log })).toThrow(
      expect.objectContaining({ code: 'MESH_KEY_FILE_REFUSED', message: expect.stringContaining(file) }),
    );
    rmSync(folder, { recursive: true });
  });

  it('a secret that is too short is an error that does not repeat it', () => {
    vi.stubEnv('EXPRESS_DISCOVERY_KEY', 'short!');
    expect(() => expressMicro(express(), { log: false })).toThrow(
      expect.objectContaining({ code: 'MESH_KEY_INVALID', message: expect.not.stringContaining('short!') }),
    );
  });

  it.each([false, true])('rotation fails no call and needs no restart (enableHmac: %s)', async (enableHmac) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-rotate-'));
    const file = path.join(folder, 'keys');
    writeFileSync(file, 'old:the-old-secret-of-the-fleet', { mode: 0o600 });
    vi.stubEnv('EXPRESS_DISCOVERY_KEY', undefined);
    vi.stubEnv('EXPRESS_DISCOVERY_KEY_FILE', file);
    const store = await startService('store', vault as never, { enableHmac });
    const caller = await startService('caller', () => {}, { enableHmac, peers: [store.url] });
    await caller.micro.ready();
    let calls = 0;
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        await caller.micro.services.store.store({ n: calls });
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const look = (secret: string) =>
      rawRequest(`${store.url}/_discovery/services`, { headers: { authorization: `Bearer ${secret}` } }).then(
        ({ status }) => status,
      );
    writeFileSync(file, 'new:the-new-secret-of-the-fleet,old:the-old-secret-of-the-fleet', { mode: 0o600 });
    await until(
      'the new key to be taken',
      () => look('the-new-secret-of-the-fleet'),
      (status) => status === 200,
    );
    caller.micro.rotate('new:the-new-secret-of-the-fleet');
    store.micro.rotate('new:the-new-secret-of-the-fleet');
    await until(
      'enough calls',
      () => calls,
      (seen) => seen > 300,
    );
    isOver = true;
    await load;
    rmSync(folder, { recursive: true });
  });
});
