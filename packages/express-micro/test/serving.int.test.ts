import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express5 from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import expressMicro from '../src/index.ts';
import { type App, expresses, onExpress, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(stopAll);

describe.each(expresses)('leaving on %s', (_name, express) => {
  it('is not ready from the first moment, serves on, ends connections with an answer, and tells of each step', async () => {
    const stays = await startService('stays', () => {}, { express });
    const goes = await startService(
      'goes',
      (app, micro) => {
        app.get('/health/ready', micro.readiness());
        app.get('/pens', (_req, res) => void res.json([]));
      },
      { express, peers: [stays.url] },
    );
    await stays.micro.ready({ services: ['goes'] });
    const phases: string[] = [];
    goes.micro.on('drain', (phase) => phases.push(phase));
    const ready = await rawRequest(`${goes.url}/health/ready`);
    expect([ready.status, ready.body, goes.micro.isReady()]).toEqual([200, '{"status":"ready"}', true]);

    const agent = new http.Agent({ keepAlive: true });
    const get = (where: string) =>
      new Promise<http.IncomingMessage>((resolve, reject) => {
        http.get(`${goes.url}${where}`, { agent }, (res) => resolve(res.resume())).once('error', reject);
      });
    const closed = goes.micro.close();
    expect([goes.micro.isReady(), phases]).toEqual([false, ['leaving']]);
    const leaving = await get('/health/ready');
    expect([leaving.statusCode, leaving.headers.connection]).toEqual([503, 'keep-alive']);
    const last = await until(
      'connections to be ended',
      () => get('/pens'),
      ({ headers }) => headers.connection === 'close',
      3_000,
    );
    expect([last.statusCode, phases]).toEqual([200, ['leaving']]);
    await closed;
    expect(phases).toEqual(['leaving', 'closing', 'closed']);
    agent.destroy();
  });

  it('answers what is under way and tells it that its connection ends', async () => {
    let release: () => void = () => {};
    const { url, micro } = await startService(
      'slow',
      (app) => {
        app.get('/slow', (_req, res) => {
          release = () => void res.json('done');
        });
      },
      { express },
    );
    const agent = new http.Agent({ keepAlive: true });
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(`${url}/slow`, { agent }, (res) => resolve(res.resume())).once('error', reject);
    });
    await until(
      'the request',
      () => release.toString(),
      (text) => text.includes('done'),
    );
    micro.on('drain', (phase) => {
      if (phase === 'closing') release();
    });
    await micro.close();
    expect([(await answer).statusCode, (await answer).headers.connection]).toEqual([200, 'close']);
    agent.destroy();
  });
});

// On Fastify it is a handler, and says so: packages/fastify/test.
onExpress('readiness() is a middleware that has to be made', async () => {
  const { micro } = await startService('ready');
  expect(() => Reflect.apply(micro.readiness, undefined, [{}, {}])).toThrow(/readiness\(\) makes a middleware/);
});

describe('kept-alive connections', () => {
  // Fastify keeps them for 72 s by itself.
  onExpress('stay open longer than Node has them, unless the user said how long', async () => {
    const { server } = await startService('kept');
    expect([server.keepAliveTimeout, server.headersTimeout]).toEqual([65_000, 66_000]);
    const app = express5();
    const micro = expressMicro(app, { serviceName: 'own', log: false });
    const own = http.createServer({ keepAliveTimeout: 7_000 }, app).listen(0, '127.0.0.1');
    await new Promise((resolve) => own.once('listening', resolve));
    expect([own.keepAliveTimeout, own.headersTimeout]).toEqual([7_000, 60_000]);
    await micro.close();
  });

  it('are reused around the moment in which Node would close them, and none is lost', async () => {
    const { server } = await startService('kept', (app) => void app.get('/pens', (_req, res) => void res.json([])));
    const { port } = server.address() as AddressInfo;
    const lost: string[] = [];
    // Node keeps a connection for a second longer than its five, and says so to nobody.
    const BOUNDARY_MS = 6_000;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('error', (error: NodeJS.ErrnoException) => lost.push(error.code ?? ''));
        socket.on('close', () => lost.push('closed'));
        const answer = () => new Promise((resolve) => socket.once('data', resolve));
        const ask = () => socket.write('GET /pens HTTP/1.1\r\nHost: x\r\n\r\n');
        const first = answer();
        ask();
        await first;
        await new Promise((resolve) => setTimeout(resolve, BOUNDARY_MS - 15 + (30 * index) / 200));
        if (lost.length > 0) return;
        const second = answer();
        ask();
        await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 1_000))]);
        socket.removeAllListeners('close').destroy();
      }),
    );
    expect(lost).toEqual([]);
  });
});

/** The same server side behind every way to make a server. */
describe.each([
  ['app.listen', (app: App) => app.listen(0, '127.0.0.1')],
  ['http.createServer(app)', (app: App) => http.createServer(app).listen(0, '127.0.0.1')],
  ['https.createServer(…, app)', (app: App) => https.createServer(certificate(), app).listen(0, '127.0.0.1')],
] as const)('%s', (name, listen) => {
  it('has lifetimes, keep-alive and a drain', async () => {
    const app = express5();
    const micro = expressMicro(app, { serviceName: 'any-server', log: false });
    let seen: AbortSignal | undefined;
    app.get('/waits', (req) => {
      seen = req.signal;
    });
    app.get('/ready', micro.readiness());
    const server = listen(app);
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const client = server instanceof https.Server ? https : http;
    const options = { host: '127.0.0.1', port, path: '/waits', agent: false, rejectUnauthorized: false } as const;
    const request = client.get(options).on('error', () => {});
    await until(
      'the request',
      () => seen,
      (signal) => signal !== undefined,
    );
    request.destroy();
    await until(
      'the abort',
      () => seen?.aborted,
      (aborted) => aborted === true,
    );
    expect(server.keepAliveTimeout).toBe(65_000);
    await micro.close();
    expect([name, server.listening]).toEqual([name, false]);
  });
});

function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-tls-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((file) => path.join(folder, file)) as [string, string];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
