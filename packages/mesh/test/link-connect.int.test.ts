import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectLink } from '../src/link/connect.ts';
import { REQUEST } from '../src/link/protocol.ts';
import { closers, connect, serve, somebody, takeRaw } from './link.test-support.ts';

afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

describe('a link', () => {
  const { signal } = new AbortController();
  const asking = (origin: string, instance: string) =>
    connectLink({ origin, instance, credentials: somebody().credentials, isSealed: false, timeoutMs: 500, tls: {}, signal });

  it('is given to nobody who is not the instance that was meant, and who asks learns nothing', async () => {
    const heard: string[] = [];
    const impostor = http.createServer();
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
    closers.push(() => impostor.close());
    impostor.on('upgrade', (req, socket) => {
      heard.push(`${req.url} ${String(req.headers.authorization)} ${String(req.headers['express-micro-caller'])}`);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: express-micro-link\r\n\r\n');
      socket.on('data', (data) => heard.push(String(data)));
      socket.on('error', () => {});
    });
    const origin = `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
    expect(await asking(origin, somebody().instance)).toBe('refused');
    expect(heard).toEqual(['/_discovery/link undefined undefined']);
  });

  it('asked of another instance than the one that answers is refused, as is one with another key', async () => {
    const served = await serve((_req, res) => res.writeHead(401).end());
    expect(await asking(served.origin, somebody().instance)).toBe('refused');
    const before = process.env.EXPRESS_DISCOVERY_KEY;
    process.env.EXPRESS_DISCOVERY_KEY = 'another-key-that-nobody-here-has';
    const stranger = asking(served.origin, served.instance);
    process.env.EXPRESS_DISCOVERY_KEY = before;
    expect(await stranger).toBe('refused');
    expect(served.counters.linksIn).toBe(0);
  });

  it('is asked for once with each proof: one that was seen is no proof', async () => {
    const served = await serve((_req, res) => res.writeHead(401).end());
    const { credentials } = somebody();
    const once = credentials.sign(
      { method: 'GET', authority: new URL(served.origin).host, path: '/_discovery/link', query: '?' },
      'discovery',
      undefined,
      served.instance,
    );
    const repeating = { ...credentials, sign: () => once };
    const options = {
      origin: served.origin,
      instance: served.instance,
      credentials: repeating,
      isSealed: false,
      timeoutMs: 500,
      tls: {},
      signal,
    };
    const first = await connectLink(options);
    expect(first).toHaveProperty('socket');
    if (typeof first === 'object') first.socket.destroy();
    expect(await connectLink(options)).toBe('refused');
  });

  it('that cannot be had is no error: nobody listens, somebody is silent', async () => {
    expect(await asking('http://127.0.0.1:9', somebody().instance)).toBe('failed');
    const silent = http.createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      silent.closeAllConnections();
      silent.close();
    });
    expect(await asking(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`, somebody().instance)).toBe('failed');
  });

  it('leaves the server as it was: no listener, no method, nothing of the upgrade', async () => {
    const served = await serve((_req, res) => res.end());
    const socket = await connect(served);
    expect([Object.hasOwn(served.server, 'emit'), Object.hasOwn(served.server, 'listenerCount')]).toEqual([false, false]);
    expect(served.server.listenerCount('upgrade')).toBe(0);
    socket.destroy();
  });

  it('into a server that signs is sealed, or there is none', async () => {
    const served = await serve((_req, res) => res.writeHead(401).end(), true);
    expect(await asking(served.origin, served.instance)).toBe('refused');
    const { credentials } = somebody();
    const options = {
      origin: served.origin,
      instance: served.instance,
      credentials,
      isSealed: true,
      timeoutMs: 500,
      tls: {},
      signal,
    };
    const connected = await connectLink(options);
    if (typeof connected === 'string') return expect.unreachable();
    const { socket } = connected;
    // Whoever stands in between and sends frames of his own ends the link, and nothing of them runs.
    const { writer } = takeRaw(socket);
    for (let stream = 0; stream < 9; stream++) writer.frame(REQUEST, 0, stream, 0, 'GET /', '');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(served.counters.linksIn).toBe(0);
  });
});
