import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Cancellation } from '@express-micro/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../src/transport/http.ts';
import type { Transport, TransportFailure, TransportRequest } from '../src/transport/transport.ts';

const opened: (() => unknown)[] = [];
afterEach(() => Promise.all(opened.splice(0).map((close) => close())));

async function serve(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transport(options: Parameters<typeof createHttpTransport>[0] = {}): Transport {
  const created = createHttpTransport(options);
  opened.push(() => created.close());
  return created;
}

function request(origin: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return { origin, method: 'GET', path: '/', headers: [], body: undefined, cancellation: new Cancellation(), ...more };
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: TransportFailure) => error,
  );

describe('the HTTP transport', () => {
  it('brings request and answer across whole, in as many chunks as they come', async () => {
    const origin = await serve((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        res.writeHead(201, { 'x-method': req.method ?? '', 'x-path': req.url ?? '', 'x-given': String(req.headers['x-own']) });
        for (const byte of Buffer.concat(chunks)) res.write(Buffer.from([byte]));
        res.end();
      });
    });
    const answer = await transport().request(
      request(origin, { method: 'PUT', path: '/a?b=c', headers: ['x-own', '1'], body: 'häß' }),
    );
    expect([answer.status, answer.headers['x-method'], answer.headers['x-path'], answer.headers['x-given']]).toEqual([
      201,
      'PUT',
      '/a?b=c',
      '1',
    ]);
    expect(answer.body.toString()).toBe('häß');
  });

  it('tells refused, unreachable and lost apart', async () => {
    const closed = net.createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const over = transport();
    expect(await failureOf(over.request(request(`http://127.0.0.1:${port}`)))).toMatchObject({ phase: 'refused' });
    expect(await failureOf(over.request(request('http://nowhere.invalid:80')))).toMatchObject({ phase: 'unreachable' });
    const cutting = await serve((req) => req.socket.destroy());
    expect(await failureOf(over.request(request(cutting)))).toMatchObject({ phase: 'lost' });
    const half = await serve((req, res) => {
      res.writeHead(200, { 'content-length': '10' });
      res.write('12345');
      setImmediate(() => req.socket.destroy());
    });
    expect(await failureOf(over.request(request(half)))).toMatchObject({ phase: 'lost' });
  });

  it('ends a cancelled request at once: under way, waiting for a connection, and before it began', async () => {
    const origin = await serve(() => {});
    const over = transport({ maxConnections: 1 });
    const [underWay, queued, early] = [new Cancellation(), new Cancellation(), new Cancellation()];
    early.cancel(new Error('early'));
    const first = failureOf(over.request(request(origin, { cancellation: underWay })));
    const second = failureOf(over.request(request(origin, { cancellation: queued })));
    const third = failureOf(over.request(request(origin, { cancellation: early })));
    await new Promise((resolve) => setImmediate(resolve));
    queued.cancel(new Error('queued'));
    expect(await second).toMatchObject({ phase: 'cancelled', cause: { message: 'queued' } });
    underWay.cancel(new Error('under way'));
    expect(await first).toMatchObject({ phase: 'cancelled', cause: { message: 'under way' } });
    expect(await third).toMatchObject({ phase: 'cancelled', cause: { message: 'early' } });
  });

  it('does not take in more than it was told to', async () => {
    const origin = await serve((_req, res) => res.end('x'.repeat(2_000)));
    expect(await failureOf(transport().request(request(origin, { maxAnswerBytes: 1_000 })))).toMatchObject({
      message: expect.stringContaining('1000 bytes'),
    });
    expect((await transport().request(request(origin, { maxAnswerBytes: 2_000 }))).body).toHaveLength(2_000);
  });

  it('follows no redirect', async () => {
    let hits = 0;
    const secret = await serve((_req, res) => {
      hits += 1;
      res.end();
    });
    const origin = await serve((_req, res) => res.writeHead(302, { location: secret }).end());
    expect((await transport().request(request(origin))).status).toBe(302);
    expect(hits).toBe(0);
  });

  it('a stream is read as it comes, slows its sender down, and ends the request when its reader goes away', async () => {
    let written = 0;
    let wasClosed: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      wasClosed = resolve;
    });
    const origin = await serve((_req, res) => {
      res.once('close', wasClosed);
      const push = (): void => {
        while (!res.destroyed) {
          written += 65_536;
          if (!res.write(Buffer.alloc(65_536))) break;
        }
      };
      res.on('drain', push);
      push();
    });
    const { status, body } = await transport().stream(request(origin));
    expect(status).toBe(200);
    const iterator = body[Symbol.asyncIterator]();
    await iterator.next();
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(64 * 1_048_576);
    body.destroy();
    await closed;
  });

  it('a stream that is cut says so to its reader', async () => {
    const origin = await serve((req, res) => {
      res.write('some');
      setTimeout(() => req.socket.destroy(), 20);
    });
    const { body } = await transport().stream(request(origin));
    await expect(async () => {
      for await (const _chunk of body);
    }).rejects.toMatchObject({ phase: 'lost' });
  });

  it('tells of a connection that the other side ended, which is often the first sign of its death', async () => {
    const gone: string[] = [];
    const sockets = new Set<net.Socket>();
    const server = http.createServer((_req, res) => res.end());
    server.on('connection', (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const over = transport({ onDisconnect: (which) => gone.push(which) });
    await over.request(request(origin));
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => gone).toEqual([origin]);
    server.close();
  });
});
