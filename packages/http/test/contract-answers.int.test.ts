import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Middleware, reply, route, routes } from '../src/index.ts';
import { ask, frameworks, type Served, stopServers } from './frameworks.test-support.ts';

/** Streams that handlers have handed out. */
let given: Readable[] = [];
const endless = () => {
  const stream = new Readable({ read() {} });
  given.push(stream);
  return stream;
};
let whenAsked: () => void = () => {};
let whenGiven: () => void = () => {};

const cached: Middleware = (_req, res, next) => {
  res.setHeader('cache-control', 'public, max-age=300');
  res.setHeader('etag', '"1"');
  res.setHeader('vary', 'Origin');
  res.setHeader('set-cookie', 'seen=1');
  next();
};

const table = routes({
  data204: route({ method: 'GET', path: '/204', status: 204 }, () => ({ a: 1 })),
  stream204: route({ method: 'GET', path: '/stream/204' }, () => reply(endless(), { status: 204 })),
  data205: route({ method: 'GET', path: '/205' }, () => reply({ a: 1 }, { status: 205 })),
  data304: route({ method: 'GET', path: '/304' }, () => reply({ a: 1 }, { status: 304 })),
  ofTheWeb: route({ method: 'GET', path: '/web' }, () => new Blob(['hello']).stream()),
  ofTheWebThings: route({ method: 'GET', path: '/web/things' }, () => ReadableStream.from([{ a: 1 }])),
  nothingBetween: route({ method: 'GET', path: '/nothing-between' }, async function* () {
    yield 1;
    yield undefined;
    yield 2;
  }),
  closedInTheMiddle: route({ method: 'GET', path: '/closed-in-the-middle' }, ({ raw }) => {
    const stream = endless();
    stream.push('half');
    // Its head is out by then.
    const timer = setInterval(() => {
      if (!raw.res.headersSent) return;
      clearInterval(timer);
      stream.destroy();
    }, 5);
    return stream;
  }),
  closedBefore: route({ method: 'GET', path: '/closed-before' }, () => endless().destroy()),
  brokenBefore: route({ method: 'GET', path: '/broken-before' }, async () => {
    const stream = endless().on('error', () => {});
    stream.destroy(new Error('gone'));
    await new Promise((resolve) => setImmediate(resolve));
    return stream;
  }),
  badHeader: route({ method: 'GET', path: '/bad-header' }, () => reply(endless(), { headers: { 'x-a': 'a\nb' } })),
  late: route({ method: 'GET', path: '/late' }, async ({ signal }) => {
    const gone = new Promise((resolve) => signal.addEventListener('abort', resolve));
    whenAsked();
    await gone;
    const stream = endless();
    whenGiven();
    return stream;
  }),
  lateGuard: route(
    {
      method: 'GET',
      path: '/late-guard',
      use: [
        async (_req: unknown, res: ServerResponse, next: () => void) => {
          next();
          await new Promise((resolve) => res.once('finish', resolve));
          throw new Error('after it had gone on');
        },
      ],
    },
    () => 'answered',
  ),
  answeredAndFailed: route({ method: 'GET', path: '/answered-and-failed' }, ({ raw }) => {
    raw.res.end('x'.repeat(1_000_000));
    throw new Error('after its answer');
  }),
  halfAndFailed: route({ method: 'GET', path: '/half-and-failed' }, ({ raw }) => {
    raw.res.write('half');
    throw new Error('in its answer');
  }),
  promised: route({ method: 'GET', path: '/promised' }, () => reply(Promise.reject(new Error('nobody waits for it')))),
  readsBody: route({ method: 'POST', path: '/body', body: z.any() }, ({ body }) => body),
  failing: route({ method: 'GET', path: '/failing', use: [cached] }, () => {
    throw new Error('the inside of it');
  }),
});

describe.each(frameworks)('what contracts answer on %s', (framework, serve) => {
  let server: Served;
  beforeAll(async () => {
    server = await serve(table);
  });
  afterAll(stopServers);
  beforeEach(() => {
    given = [];
  });

  it.each(['/204', '/205', '/304', '/stream/204'])('%s has no content, whatever its handler returns', async (path) => {
    const text = await bytesOf(server.port, path);
    expect(text).not.toMatch(/content-type|\{"a":1\}/i);
    expect(text).toMatch(path === '/205' ? /content-length: 0/i : /^(?!.*content-length)/is);
    expect(given.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('a stream of the web is the bytes that it gives', async () => {
    const { body, headers } = await ask(server, '/web');
    expect([body, headers.get('content-type')]).toEqual(['hello', 'application/octet-stream']);
    expect(await ask(server, '/web/things')).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
  });

  it('a line that JSON does not have breaks the answer', async () => {
    await expect(ask(server, '/nothing-between')).rejects.toThrow();
  });

  it('a stream that is closed in the middle cannot look like a whole one, and nobody waits for its end', async () => {
    await expect(ask(server, '/closed-in-the-middle')).rejects.toThrow(/terminated/);
    if (framework !== 'Fastify')
      expect(server.errors.at(-1)).toMatchObject({ message: expect.stringContaining('closed before') });
  });

  it.each(['/closed-before', '/broken-before'])('%s: a stream that has ended already is a defect', async (path) => {
    expect(await ask(server, path)).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
  });

  it('a stream that cannot be sent is ended', async () => {
    expect(await ask(server, '/bad-header')).toMatchObject({ status: 500 });
    expect(given.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it('a stream for somebody who has gone is ended', async () => {
    const asked = new Promise<void>((resolve) => (whenAsked = resolve));
    const isGiven = new Promise<void>((resolve) => (whenGiven = resolve));
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /late HTTP/1.1\r\nhost: a\r\n\r\n');
    await asked;
    socket.destroy();
    await isGiven;
    await expect.poll(() => given.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it('what a guard fails with after it has gone on is told, and the answer stays', async () => {
    expect(await ask(server, '/late-guard')).toMatchObject({ status: 200, body: 'answered' });
    await expect.poll(() => server.errors.at(-1)).toMatchObject({ message: 'after it had gone on' });
    expect((await ask(server, '/web')).status).toBe(200);
  });

  it('what is thrown after a whole answer leaves it whole, and after half of one cuts it off', async () => {
    expect(await bytesOf(server.port, '/answered-and-failed')).toMatch(/x{1000000}$/);
    expect(server.errors.at(-1)).toMatchObject({ message: 'after its answer' });
    await expect(ask(server, '/half-and-failed')).rejects.toThrow();
    expect(server.errors.at(-1)).toMatchObject({ message: 'in its answer' });
  });

  it('a promise within a reply is a defect, and not {}', async () => {
    expect(await ask(server, '/promised')).toMatchObject({ status: 500 });
    expect(server.errors.at(-1)).toMatchObject({ code: 'HTTP_RESPONSE_INVALID', message: expect.stringContaining('promise') });
  });

  it('a client that goes in the middle of its body is told of, and nothing else comes of it', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST /body HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"');
    await new Promise((resolve) => socket.write(':1', resolve));
    socket.destroy();
    expect((await ask(server, '/body', { json: [1] })).body).toEqual([1]);
  });

  it('what a failed answer had said of its content is taken back; what the place has said stays', async () => {
    const { status, headers } = await ask(server, '/failing');
    const of = (name: string) => headers.get(name);
    expect([status, of('cache-control'), of('etag'), of('vary'), of('set-cookie')]).toEqual([
      500,
      null,
      null,
      'Origin, Accept',
      'seen=1',
    ]);
  });
});

/** All that comes, as it comes. */
function bytesOf(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    socket.on('data', (piece: string) => (text += piece)).once('end', () => resolve(text));
    socket.once('error', reject);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  });
}
