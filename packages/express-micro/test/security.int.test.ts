import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type http from 'node:http';
import net from 'node:net';
import express from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bearer, expresses, rawRequest, type Service, startService, stopAll } from './fleet.test-support.ts';

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

/** What went over the wire for one call: an eavesdropper in front of the service. */
async function recordCall(target: Service, call: (peer: string) => Promise<unknown>): Promise<string> {
  const recorded: string[] = [];
  const { port } = target.server.address() as net.AddressInfo;
  const original = target.server.listeners('connection').slice();
  const tap = (socket: net.Socket) => socket.prependListener('data', () => {});
  target.server.on('connection', tap);
  const requests: http.IncomingMessage[] = [];
  const onRequest = (req: http.IncomingMessage) => requests.push(req);
  target.server.prependListener('request', onRequest);
  await call(`http://127.0.0.1:${port}`);
  target.server.off('request', onRequest);
  target.server.off('connection', tap);
  expect(original.length).toBeGreaterThan(0);
  for (const req of requests) {
    if (req.url?.startsWith('/_discovery')) continue;
    const lines = [`${req.method} ${(req as { originalUrl?: string }).originalUrl ?? req.url} HTTP/1.1`];
    for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
    recorded.push(`${lines.join('\r\n')}\r\n\r\n`);
  }
  return recorded[0] as string;
}

/** Sends bytes as they are and answers the status of the first response. */
function sendRaw(url: string, bytes: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      if (status !== undefined) {
        socket.destroy();
        resolve(Number(status));
      }
    });
    socket.once('close', () => resolve(0));
    socket.once('error', reject);
  });
}

describe.each(expresses)('E13: signed calls on %s', (_name, expressOf) => {
  async function pair(): Promise<{ store: Service; caller: Service }> {
    const store = await startService('store', vault as never, { express: expressOf, enableHmac: true });
    const caller = await startService('caller', () => {}, {
      express: expressOf,
      enableHmac: true,
      transport: 'http',
      peers: [store.url],
    });
    await caller.micro.ready();
    return { store, caller };
  }

  it('a call is signed, verified byte for byte with express.json() in the way, and names its caller', async () => {
    const { caller } = await pair();
    const answer = await caller.micro.services.store.store({ text: 'ä — €', n: [1, 2, { deep: true }] });
    expect(answer).toEqual({
      got: { text: 'ä — €', n: [1, 2, { deep: true }] },
      caller: { service: 'caller', instance: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(await caller.micro.services.store.getVault({ q: 'a b', list: ['x', 'y'] })).toEqual({
      query: { q: 'a b', list: ['x', 'y'] },
    });
    const blob = 'x'.repeat(300_000);
    expect(await caller.micro.services.store.store({ blob })).toMatchObject({ got: { blob } });
  });

  it('40 ways to tamper with a recorded call, and its replay, are all refused', async () => {
    const { store, caller } = await pair();
    const body = '{"amount":10}';
    const record = async () => (await recordCall(store, () => caller.micro.services.store.store({ amount: 10 }))) + body;
    const statuses: [string, number][] = [];
    const attempt = async (what: string, change: (bytes: string) => string) => {
      // The nonce of a recorded call is spent; so that the change alone is judged, the original is held back from the server.
      const bytes = await record();
      statuses.push([what, await sendRaw(store.url, change(bytes))]);
    };
    const header = (name: string, to: (value: string) => string) => (bytes: string) =>
      bytes.replace(new RegExp(`(\r\n${name}: )([^\r]*)`, 'i'), (_all, start: string, value: string) => start + to(value));
    await attempt('replayed as it was', (bytes) => bytes);
    await attempt('other method', (bytes) => bytes.replace(/^POST/, 'PUT'));
    await attempt('other path', (bytes) => bytes.replace('/vault', '/open'));
    await attempt('path with a slash more', (bytes) => bytes.replace('/vault', '/vault/'));
    await attempt('path encoded', (bytes) => bytes.replace('/vault', '/%76ault'));
    await attempt('query added', (bytes) => bytes.replace('/vault', '/vault?admin=1'));
    await attempt(
      'other host',
      header('host', () => 'evil.example'),
    );
    await attempt('body changed', (bytes) => bytes.replace('"amount":10', '"amount":99'));
    await attempt('digest and body changed', (bytes) =>
      header(
        'content-digest',
        () => `sha-256=:${createHash('sha256').update('{"amount":99}').digest('base64')}:`,
      )(bytes.replace('"amount":10', '"amount":99')),
    );
    await attempt('digest taken away', (bytes) => bytes.replace(/\r\ncontent-digest: [^\r]*/i, ''));
    await attempt(
      'target changed',
      header('express-micro-target', () => 'f'.repeat(32)),
    );
    await attempt('target taken away', (bytes) => bytes.replace(/\r\nexpress-micro-target: [^\r]*/i, ''));
    await attempt(
      'sender changed',
      header('express-micro-sender', (value) => value.replace('caller', 'admin')),
    );
    await attempt(
      'instance of the sender changed',
      header('express-micro-sender', (value) => value.replace(/[0-9a-f]{32}/, '0'.repeat(32))),
    );
    await attempt('signature taken away', (bytes) => bytes.replace(/\r\nsignature: [^\r]*/i, ''));
    await attempt('signature input taken away', (bytes) => bytes.replace(/\r\nsignature-input: [^\r]*/i, ''));
    await attempt('signature twice', (bytes) => bytes.replace(/(\r\nsignature: [^\r]*)/i, '$1$1'));
    await attempt('sender twice', (bytes) => bytes.replace(/(\r\nexpress-micro-sender: [^\r]*)/i, '$1$1'));
    await attempt(
      'a bit of the signature changed',
      header('signature', (value) => value.replace(/:(.)/, (_all, first: string) => `:${first === 'A' ? 'B' : 'A'}`)),
    );
    await attempt(
      'an empty signature',
      header('signature', () => 'micro=::'),
    );
    await attempt(
      'garbage for a signature',
      header('signature', () => '%%%'),
    );
    await attempt(
      'time changed',
      header('signature-input', (value) => value.replace(/created=(\d+)/, (_all, time: string) => `created=${Number(time) + 1}`)),
    );
    await attempt(
      'made long ago',
      header('signature-input', (value) => value.replace(/created=\d+/, 'created=1')),
    );
    await attempt(
      'made in the future',
      header('signature-input', (value) => value.replace(/created=(\d+)/, 'created=9999999999')),
    );
    await attempt(
      'time that is no number',
      header('signature-input', (value) => value.replace(/created=\d+/, 'created=now')),
    );
    await attempt(
      'other nonce',
      header('signature-input', (value) =>
        value.replace(/nonce="(.)/, (_all, first: string) => `nonce="${first === 'A' ? 'B' : 'A'}`),
      ),
    );
    await attempt(
      'no nonce',
      header('signature-input', (value) => value.replace(/;nonce="[^"]*"/, '')),
    );
    await attempt(
      'unknown key',
      header('signature-input', (value) => value.replace(/keyid="[^"]*"/, 'keyid="other"')),
    );
    await attempt(
      'other algorithm',
      header('signature-input', (value) => value.replace('hmac-sha256', 'none')),
    );
    await attempt(
      'no algorithm',
      header('signature-input', (value) => value.replace(/;alg="[^"]*"/, '')),
    );
    await attempt(
      'the tag of discovery',
      header('signature-input', (value) => value.replace('express-micro-call', 'express-micro-discovery')),
    );
    await attempt(
      'no tag',
      header('signature-input', (value) => value.replace(/;tag="[^"]*"/, '')),
    );
    await attempt(
      'method not covered',
      header('signature-input', (value) => value.replace('"@method" ', '')),
    );
    await attempt(
      'path not covered',
      header('signature-input', (value) => value.replace(' "@path"', '')),
    );
    await attempt(
      'digest not covered',
      header('signature-input', (value) => value.replace(' "content-digest"', '')),
    );
    await attempt(
      'target not covered',
      header('signature-input', (value) => value.replace(' "express-micro-target"', '')),
    );
    await attempt(
      'a component more',
      header('signature-input', (value) => value.replace('"@method"', '"@method" "@scheme"')),
    );
    await attempt(
      'a label more',
      header('signature-input', (value) => `${value}, two=("@method")`),
    );
    await attempt(
      'other label',
      header('signature-input', (value) => value.replace('micro=', 'macro=')),
    );
    await attempt('to the discovery endpoints', (bytes) => bytes.replace('/vault', '/_discovery/ping'));
    await attempt('body cut off', (bytes) =>
      bytes.replace('{"amount":10}', '{}').replace(/content-length: 13/i, 'content-length: 2'),
    );
    await attempt('body added to a form without', (bytes) =>
      bytes.replace(/\r\ncontent-length: 13/i, '\r\ntransfer-encoding: chunked').replace(body, '2\r\n{}\r\n0\r\n\r\n'),
    );
    expect(statuses.length).toBeGreaterThanOrEqual(40);
    expect(statuses.filter(([, status]) => status !== 401)).toEqual([]);
  });

  it('a forged signature with another secret is refused, also on public routes', async () => {
    const { store } = await pair();
    const key = Buffer.from(hkdfSync('sha256', 'another secret of good length', '', 'call', 32));
    const input = `("@method" "@path");created=${Math.floor(Date.now() / 1000)};nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="default";alg="hmac-sha256";tag="express-micro-call"`;
    const headers = {
      'express-micro-sender': `caller/${'a'.repeat(32)}`,
      'signature-input': `micro=${input}`,
      signature: `micro=:${createHmac('sha256', key).update('x').digest('base64')}:`,
    };
    expect((await rawRequest(`${store.url}/open`, { method: 'POST', headers })).status).toBe(401);
  });

  it('a Signature header of somebody else (a webhook) is none of our business', async () => {
    const { store } = await pair();
    const answer = await rawRequest(`${store.url}/open`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        signature: 'keyId="hook",signature="abc"',
        'signature-input': 'sig1=("@method")',
      },
      body: '{"hook":1}',
    });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { got: { hook: 1 }, caller: null }]);
  });

  it("the bearer serves for an operator's look and for nothing else", async () => {
    const { store } = await pair();
    const post = (target: string) =>
      rawRequest(`${store.url}/_discovery${target}`, { method: 'POST', headers: bearer(), body: '{}' });
    expect((await rawRequest(`${store.url}/_discovery/services`, { headers: bearer() })).status).toBe(200);
    expect([(await post('/ping')).status, (await post('/register')).status]).toEqual([401, 401]);
  });
});

describe('internal() and caller()', () => {
  it('without signing a short-lived token says who calls; nobody else gets in', async () => {
    const store = await startService('store', vault as never);
    const caller = await startService('caller', () => {}, { transport: 'http', peers: [store.url] });
    await caller.micro.ready();
    expect(await caller.micro.services.store.store({ a: 1 })).toMatchObject({ got: { a: 1 }, caller: { service: 'caller' } });
    const post = (target: string, headers: Record<string, string>) =>
      rawRequest(store.url + target, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
    expect((await post('/vault', {})).status).toBe(401);
    expect((await post('/vault', bearer())).status).toBe(401);
    expect((await post('/vault', { 'express-micro-caller': 'v1.default.x.y' })).status).toBe(401);
    expect((await post('/open', { 'express-micro-caller': 'v1.default.x.y' })).status).toBe(401);
    expect((await post('/open', {})).status).toBe(200);
  });

  it('a token for one instance is worth nothing at another', async () => {
    const store = await startService('store', vault as never);
    const other = await startService('other', vault as never, { peers: [store.url] });
    const caller = await startService('caller', () => {}, { transport: 'http', peers: [store.url] });
    await caller.micro.ready();
    const recorded = await recordCall(store, () => caller.micro.services.store.getVault());
    expect(recorded).toContain('express-micro-caller');
    expect(await sendRaw(other.url, recorded)).toBe(401);
  });

  it('a fleet may turn signing on one by one: who calls a signing service signs', async () => {
    const signing = await startService('signing', vault as never, { enableHmac: true });
    const plain = await startService('plain', vault as never, { transport: 'http', peers: [signing.url] });
    await plain.micro.ready();
    await signing.micro.ready({ services: ['plain'] });
    expect(await signing.micro.services.plain.store({ a: 1 })).toMatchObject({ caller: { service: 'signing' } });
    expect(await plain.micro.services.signing.store({ a: 1 })).toMatchObject({ caller: { service: 'plain' } });
    const recorded = await recordCall(signing, () => plain.micro.services.signing.getVault());
    expect(recorded).toMatch(/signature-input/i);
    expect(recorded).not.toMatch(/express-micro-caller/i);
  });

  it('with signing on a token counts for nothing', async () => {
    const plain = await startService('plain', vault as never);
    const caller = await startService('caller', () => {}, { transport: 'http', peers: [plain.url] });
    await caller.micro.ready();
    const recorded = await recordCall(plain, () => caller.micro.services.plain.getVault());
    expect(await sendRaw(plain.url, recorded)).toBe(200);
    const signing = await startService('signing', vault as never, { enableHmac: true });
    expect(await sendRaw(signing.url, recorded)).toBe(401);
  });
});
