import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import express from 'express';
import { afterEach, expect, it } from 'vitest';
import expressMicro from '../src/index.ts';
import { PING_INTERVAL_MS, startService, stopAll } from './fleet.test-support.ts';
import { untilLinked } from './link.test-support.ts';

// The certificate of this test is its own authority.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
afterEach(stopAll);

function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-tls-'));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

it('a link goes over TLS where the app does, and says so to its handlers', async () => {
  const app = express();
  const micro = expressMicro(app, { serviceName: 'safe', log: false, pingInterval: PING_INTERVAL_MS });
  app.get('/facts', (req, res) => {
    const socket = req.socket as TLSSocket;
    res.json({ secure: req.secure, protocol: req.protocol, encrypted: socket.encrypted, cipher: typeof socket.getCipher().name });
  });
  const server = https.createServer(certificate(), app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const caller = await startService('caller', () => {}, { peers: [url] });
  await caller.micro.ready({ services: ['safe'] });
  const overHttp = await caller.micro.services.safe.getFacts();
  await untilLinked(caller, ({ safe }) => safe.getFacts());
  expect(await caller.micro.services.safe.getFacts()).toEqual(overHttp);
  expect(overHttp).toEqual({ secure: true, protocol: 'https', encrypted: true, cipher: 'string' });
  expect([caller.micro.counters().linksOut, micro.counters().linksIn]).toEqual([1, 1]);
  await micro.close();
});
