import type { TLSSocket } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { createAuthority } from '../../../test/engines/openssl.ts';
import { type App, startService, stopAll } from './fleet.test-support.ts';
import { untilLinked } from './link.test-support.ts';

afterEach(stopAll);

it('a link goes over TLS where the app does, and says so to its handlers', async () => {
  const authority = createAuthority();
  const { key, cert } = authority.issue('IP:127.0.0.1');
  const declare = (app: App) => {
    app.get('/facts', (req, res) => {
      const socket = req.socket as TLSSocket;
      const cipher = typeof socket.getCipher().name;
      res.json({ secure: req.secure, protocol: req.protocol, encrypted: socket.encrypted, cipher });
    });
  };
  const safe = await startService('safe', declare, { https: { key, cert } });
  const caller = await startService('caller', () => {}, { peers: [safe.url], tls: { ca: authority.ca } });
  await caller.micro.ready({ services: ['safe'] });
  const overHttp = await caller.micro.services.safe.getFacts();
  await untilLinked(caller, ({ safe: service }) => service.getFacts());
  expect(await caller.micro.services.safe.getFacts()).toEqual(overHttp);
  expect(overHttp).toEqual({ secure: true, protocol: 'https', encrypted: true, cipher: 'string' });
  expect([caller.micro.counters().linksOut, safe.micro.counters().linksIn]).toEqual([1, 1]);
});
