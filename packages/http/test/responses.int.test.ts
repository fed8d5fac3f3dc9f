import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  ApiResponse,
  asyncHandler,
  conditional,
  errorHandler,
  etagOf,
  NotFoundError,
  pageLinks,
  pageOf,
  sendJson,
  streamList,
} from '../src/index.ts';
import { type App, ask, connect, createLines, EXPRESSES, listen } from './failures.test-support.ts';

describe.each(EXPRESSES)('responses on %s', (_name, express) => {
  async function serve(declare: (app: App) => void) {
    const { log, errors } = createLines();
    const app = express();
    declare(app);
    app.use(errorHandler({ log }));
    return { url: await listen(app), errors };
  }

  it('a page of a list says where it stands, and where the others are', async () => {
    const { url } = await serve((app) => {
      app.get('/orders', (req, res) => {
        const { page, limit } = pageOf(req.query);
        const body = ApiResponse.paginated(['a', 'b'], { page, limit, total: 5 });
        sendJson(res, body, { headers: { link: pageLinks(req, body.pagination) } });
      });
    });
    const { json, headers } = await ask(`${url}/orders?page=2&limit=2`);
    expect(json).toEqual({
      status: 'success',
      message: 'Success',
      data: ['a', 'b'],
      pagination: { page: 2, limit: 2, total: 5, pages: 3 },
    });
    expect(headers.link).toContain('</orders?page=3&limit=2>; rel="next"');
    expect(await ask(`${url}/orders?page=-1`)).toMatchObject({ status: 400, json: { errors: [{ field: 'page' }] } });
  });

  it('sendJson sends with what Node has, HEAD and 204 included', async () => {
    const { url } = await serve((app) => {
      app.get('/', (_req, res) => sendJson(res, { a: 'ä' }, { status: 201, headers: { 'x-a': '1' } }));
      app.get('/none', (_req, res) => sendJson(res, undefined, { status: 204 }));
      app.get('/reset', (_req, res) => sendJson(res, { a: 1 }, { status: 205 }));
      app.get('/circle', (_req, res) => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        sendJson(res, circle, { headers: { 'x-a': '1' } });
      });
    });
    const get = await ask(url);
    expect([get.status, get.text, get.headers['content-length'], get.headers['x-a']]).toEqual([201, '{"a":"ä"}', '10', '1']);
    expect(await ask(url, { method: 'HEAD' })).toMatchObject({ text: '', headers: { 'content-length': '10' } });
    expect(await ask(`${url}/none`)).toMatchObject({ status: 204, text: '' });
    expect(await ask(`${url}/reset`)).toMatchObject({ status: 205, text: '', headers: { 'content-length': '0' } });
    expect(await ask(`${url}/circle`)).toMatchObject({ status: 500, headers: expect.not.objectContaining({ 'x-a': '1' }) });
  });

  it('who knows a version is told no more, and who writes over another one is refused', async () => {
    let version = 1;
    const { url } = await serve((app) => {
      app.all('/orders/7', (req, res) => {
        const etag = etagOf(version);
        if (conditional(req, res, { etag, lastModified: new Date(0), needsIfMatch: req.method === 'PUT' })) return;
        if (req.method === 'PUT') version += 1;
        res.set('cache-control', 'no-cache').json({ version });
      });
      app.get('/bad', (req, res) => void conditional(req, res, { etag: 'no quotes' }));
      app.get('/bad-date', (req, res) => void conditional(req, res, { lastModified: new Date('never') }));
    });
    const first = await ask(`${url}/orders/7`);
    const etag = first.headers.etag as string;
    expect([first.status, etag]).toEqual([200, etagOf(1)]);
    const again = await ask(`${url}/orders/7`, { headers: { 'if-none-match': etag } });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
    expect(await ask(`${url}/orders/7`, { method: 'PUT' })).toMatchObject({
      status: 428,
      json: { code: 'PRECONDITION_REQUIRED' },
    });
    const written = await ask(`${url}/orders/7`, { method: 'PUT', headers: { 'if-match': etag } });
    expect(written.json).toEqual({ version: 2 });
    // That would be the etag of what was there before.
    expect([written.headers.etag === etag, written.headers['last-modified']]).toEqual([false, undefined]);
    const lost = await ask(`${url}/orders/7`, { method: 'PUT', headers: { 'if-match': etag } });
    expect([lost.status, lost.json.code, lost.headers.etag]).toEqual([412, 'PRECONDITION_FAILED', undefined]);
    expect((await ask(`${url}/orders/7`, { headers: { 'if-none-match': etag } })).status).toBe(200);
    for (const path of ['/bad', '/bad-date']) {
      const { status, headers } = await ask(url + path);
      expect([status, headers['last-modified']]).toEqual([500, undefined]);
    }
  });

  async function* counting(to: number, ended: (at: number) => void = () => {}) {
    let at = 0;
    try {
      for (; at < to; at++) yield { at };
    } finally {
      ended(at);
    }
  }

  it('a list streams as one array, or a line for each', async () => {
    const { url } = await serve((app) => {
      app.get(
        '/json',
        asyncHandler((_req, res) => streamList(res, counting(3))),
      );
      app.get(
        '/ndjson',
        asyncHandler((_req, res) => streamList(res, counting(2), { format: 'ndjson' })),
      );
      app.get(
        '/empty',
        asyncHandler((req, res) => streamList(res, [], { format: req.query.format as 'json' })),
      );
      app.get(
        '/promises',
        asyncHandler((_req, res) => streamList(res, [Promise.resolve({ at: 0 }), 1])),
      );
      app.get(
        '/readable',
        asyncHandler((_req, res) => streamList(res, Readable.from(['a', 1, null].slice(0, 2)))),
      );
    });
    const json = await ask(`${url}/json`);
    expect([json.text, json.headers['content-type']]).toEqual([
      '[{"at":0},{"at":1},{"at":2}]',
      'application/json; charset=utf-8',
    ]);
    expect(await ask(`${url}/ndjson`)).toMatchObject({
      text: '{"at":0}\n{"at":1}\n',
      headers: { 'content-type': 'application/x-ndjson; charset=utf-8' },
    });
    expect([(await ask(`${url}/empty`)).text, (await ask(`${url}/empty?format=ndjson`)).text]).toEqual(['[]', '']);
    expect((await ask(`${url}/readable`)).text).toBe('["a",1]');
    expect((await ask(`${url}/promises`)).text).toBe('[{"at":0},1]');
    expect(await ask(`${url}/json`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect((await ask(`${url}/empty?format=xml`)).status).toBe(500);
  });

  it('what goes wrong before the first item is an answer; later the list is visibly cut, and logged', async () => {
    async function* failing(after: number) {
      yield* counting(after);
      throw new NotFoundError('gone');
    }
    const { url, errors } = await serve((app) => {
      app.get(
        '/at/:n',
        asyncHandler((req, res) => streamList(res, failing(Number(req.params.n)), { format: 'ndjson' })),
      );
      app.get(
        '/undefined',
        asyncHandler((_req, res) => streamList(res, [undefined])),
      );
      app.get(
        '/later-undefined',
        asyncHandler((_req, res) => streamList(res, [1, () => {}])),
      );
    });
    expect(await ask(`${url}/at/0`)).toMatchObject({ status: 404, json: { message: 'gone' } });
    expect(await ask(`${url}/undefined`)).toMatchObject({ status: 500 });
    for (const path of ['/at/2000', '/later-undefined']) {
      const cut = await ask(`${url}${path}`).catch((error: Error) => ({ isWhole: false, error }));
      expect(cut.isWhole).toBe(false);
    }
    expect(errors).toHaveLength(2);
  });

  it('over HTTP/1.0, where the end of a connection is the end of an answer, it ends in a line that is no JSON', async () => {
    async function* failing() {
      yield { at: 0 };
      throw new Error('gone');
    }
    const { url } = await serve((app) => {
      app.get(
        '/:format',
        asyncHandler((req, res) => streamList(res, failing(), { format: req.params.format as 'json' })),
      );
    });
    for (const format of ['json', 'ndjson']) {
      const socket = await connect(url);
      socket.end(`GET /${format} HTTP/1.0\r\n\r\n`);
      let text = '';
      for await (const chunk of socket) text += chunk;
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      expect(body).toBe(format === 'json' ? '[{"at":0}\n{' : '{"at":0}\n{');
    }
  });

  it('asks for no more than the client takes, and ends the source when it goes', async () => {
    let at = 0;
    let ended: (at: number) => void = () => {};
    const end = new Promise<number>((resolve) => {
      ended = resolve;
    });
    async function* endless() {
      try {
        for (;;) {
          at += 1;
          yield 'x'.repeat(10_000);
        }
      } finally {
        ended(at);
      }
    }
    let isOver = false;
    const { url, errors } = await serve((app) => {
      app.get(
        '/',
        asyncHandler(async (_req, res) => {
          await streamList(res, endless());
          isOver = true;
        }),
      );
    });
    const socket = await connect(url);
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(socket, 'readable');
    // As much as fits into the buffers between the two, and then it waits.
    for (let before = -1; before !== at; ) {
      before = at;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(at).toBeLessThan(10_000);
    socket.destroy();
    expect(await end).toBe(at);
    await new Promise((resolve) => setImmediate(resolve));
    expect([isOver, errors]).toEqual([true, []]);
  });

  it('a source that waits is ended, too, when the client goes', async () => {
    let returned: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      returned = resolve;
    });
    const waiting = {
      [Symbol.asyncIterator]: () => {
        let count = 0;
        return {
          next: () => (count++ === 0 ? Promise.resolve({ done: false, value: 'first' }) : new Promise<never>(() => {})),
          return: () => {
            returned();
            return Promise.resolve({ done: true, value: undefined });
          },
        };
      },
    };
    const { url } = await serve(
      (app) =>
        void app.get(
          '/',
          asyncHandler((_req, res) => streamList(res, waiting as AsyncIterable<unknown>)),
        ),
    );
    const socket = await connect(url);
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    await expect(end).resolves.toBeUndefined();
  });

  it('holds one item of a long list, not all of them', async () => {
    const { url } = await serve(
      (app) =>
        void app.get(
          '/',
          asyncHandler((_req, res) => streamList(res, counting(100_000), { format: 'ndjson' })),
        ),
    );
    const answer = await fetch(url);
    let bytes = 0;
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
    expect(bytes).toBe(Array.from({ length: 100_000 }, (_, at) => `{"at":${at}}\n`.length).reduce((sum, each) => sum + each));
  });
});
