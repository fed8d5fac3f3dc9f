import { AsyncLocalStorage } from 'node:async_hooks';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { errorHandler, jsonBody, urlencodedBody } from '../src/index.ts';
import { type App, ask, connect, createLines, EXPRESSES, listen } from './failures.test-support.ts';

describe.each(EXPRESSES)('bodies on %s', (_name, express) => {
  async function serve(declare: (app: App) => void = () => {}, options = {}) {
    const { log, errors, warnings } = createLines();
    const problems: string[] = [];
    const app = express();
    declare(app);
    app.use(jsonBody(options), urlencodedBody());
    app.post(
      '/',
      (req, res) => void res.json({ body: req.body ?? null, raw: (req as { rawBody?: Buffer }).rawBody?.toString() }),
    );
    app.use(((error, _req, _res, next) => {
      problems.push((error as { code: string }).code);
      next(error);
    }) as ReturnType<typeof errorHandler>);
    app.use(errorHandler({ log }));
    const url = await listen(app);
    const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
      ask(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    return { url, post, errors, warnings, problems };
  }

  it('reads JSON and forms, and lets pass what is neither', async () => {
    const { url, post } = await serve();
    expect((await post('{"a":[1,"ä"]}')).json).toEqual({ body: { a: [1, 'ä'] } });
    expect((await post('{"a":1}', { 'content-type': 'Application/Merge-Patch+JSON; charset="UTF-8"' })).json.body).toEqual({
      a: 1,
    });
    expect((await post('a[b]=1&c=2', { 'content-type': 'application/x-www-form-urlencoded' })).json.body).toEqual({
      a: { b: '1' },
      c: '2',
    });
    expect((await post('{"a":1}', { 'content-type': 'text/plain' })).json.body).toBeNull();
    expect((await post('')).json.body).toBeNull();
    expect((await ask(url, { method: 'POST' })).json.body).toBeNull();
  });

  it('unpacks what is packed, and no more than its bound', async () => {
    const { post } = await serve(() => {}, { maxBytes: '1kb' });
    for (const [coding, pack] of [
      ['gzip', zlib.gzipSync],
      ['deflate', zlib.deflateSync],
      ['br', zlib.brotliCompressSync],
    ] as const) {
      expect((await post(pack('{"a":1}'), { 'content-encoding': coding })).json.body).toEqual({ a: 1 });
      const bomb = await post(pack(`"${'x'.repeat(2_000)}"`), { 'content-encoding': coding });
      expect([bomb.status, bomb.json.code]).toEqual([413, 'BODY_TOO_LARGE']);
    }
    expect((await post('no gzip', { 'content-encoding': 'gzip' })).json).toMatchObject({ code: 'BODY_MALFORMED' });
    expect((await post('{}', { 'content-encoding': 'toString' })).status).toBe(415);
  });

  it('refuses what is too large, known beforehand or not, and the client gets to read it', async () => {
    const { url, post } = await serve(() => {}, { maxBytes: 1_000 });
    const small = await post('x'.repeat(1_001), { connection: 'keep-alive' });
    expect([small.status, small.json.code, small.json.data]).toEqual([413, 'BODY_TOO_LARGE', { maxBytes: 1_000 }]);
    expect(small.headers.connection).not.toBe('close');
    const chunked = await post('x'.repeat(5_000), { 'transfer-encoding': 'chunked' });
    expect([chunked.status, chunked.headers.connection]).toEqual([413, 'close']);
    for (const body of ['x'.repeat(200_000), 'x'.repeat(5_000_000)]) {
      const sent = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect(sent.status).toBe(413);
    }
  });

  it('does not read on for ever behind a refusal', async () => {
    const { url } = await serve(() => {}, { maxBytes: 1_000 });
    const socket = await connect(url);
    socket.on('error', () => {});
    socket.resume();
    socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${10 ** 12}\r\n\r\n`);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const more = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', more);
    more();
    await closed;
    expect(socket.bytesWritten).toBeLessThan(100_000_000);
  });

  it('refuses other charsets', async () => {
    const { post } = await serve();
    for (const charset of ['utf-16', 'iso-8859-1', 'utf-8x', '']) {
      const status = (await post('{}', { 'content-type': `application/json; charset=${charset}` })).status;
      expect([charset, status]).toEqual([charset, 415]);
    }
    expect((await post('{}', { 'content-type': 'application/json; charset=us-ascii; x=y' })).status).toBe(200);
  });

  it('an upload that is cut off is an error of the client, told once', async () => {
    const { url, problems, errors } = await serve();
    const socket = await connect(url);
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"');
    // Until the request is there: an answer to another connection means that this one was read before it.
    await ask(url, { method: 'POST' });
    socket.destroy();
    while (problems.length === 0) await ask(url, { method: 'POST' });
    expect([problems, errors]).toEqual([['BODY_INCOMPLETE'], []]);
  });

  it('keeps the context of the request', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const { post } = await serve((app) => {
      app.use((req, _res, next) => storage.run(String(req.headers['x-request-id']), next));
      app.use(jsonBody(), (_req, _res, next) => {
        seen.push(storage.getStore());
        next();
      });
    });
    await Promise.all(['a', 'b', 'c'].map((id) => post('{}', { 'x-request-id': id })));
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });

  it("stands before and behind Express's own parsers", async () => {
    const before = await serve((app) => void app.use(express.json(), express.urlencoded({ extended: true })));
    expect((await before.post('{"a":1}')).json.body).toEqual({ a: 1 });
    const behind = await serve((app) => void app.use(jsonBody(), express.json(), express.urlencoded({ extended: true })));
    expect((await behind.post('{"a":1}')).json.body).toEqual({ a: 1 });
    expect((await behind.post('a=1', { 'content-type': 'application/x-www-form-urlencoded' })).json.body).toEqual({ a: '1' });
  });

  it('keeps the bytes where that is asked for', async () => {
    const { post } = await serve(() => {}, { keepRaw: true });
    expect((await post('{ "a" : 1 }')).json).toEqual({ body: { a: 1 }, raw: '{ "a" : 1 }' });
  });
});
