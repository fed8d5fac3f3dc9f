import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import express5 from 'express';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import {
  AppError,
  asyncHandler,
  ConflictError,
  type ErrorHandlerOptions,
  errorAnswers,
  errorHandler,
  expressBase,
  NotFoundError,
  notFoundHandler,
  ValidationError,
} from '../src/index.ts';
import { type App, ask, connect, createLines, EXPRESSES, later, listen } from './failures.test-support.ts';

describe.each(EXPRESSES)('errorHandler on %s', (_name, express) => {
  async function serve(declare: (app: App) => void, options: ErrorHandlerOptions = {}) {
    const { log, errors, warnings } = createLines();
    const app = express();
    declare(app);
    app.use(notFoundHandler(), errorHandler({ log, ...options }));
    return { url: await listen(app), errors, warnings };
  }

  it('answers what a handler throws, and what an async one rejects with', async () => {
    const { url } = await serve((app) => {
      app.get('/thrown', () => {
        throw new ConflictError('Taken', { data: { sku: 'a' } });
      });
      app.get(
        '/async',
        asyncHandler(async () => {
          throw new ValidationError(undefined, [{ field: 'a', message: 'is missing' }]);
        }),
      );
      app.get(
        '/nothing',
        asyncHandler(() => Promise.reject()),
      );
    });
    const thrown = await ask(`${url}/thrown`, { headers: { 'x-request-id': 'my-id' } });
    expect([thrown.status, thrown.json]).toEqual([
      409,
      { status: 'error', message: 'Taken', code: 'CONFLICT', requestId: 'my-id', data: { sku: 'a' } },
    ]);
    expect(thrown.headers).toMatchObject({
      'x-request-id': 'my-id',
      'content-type': 'application/json; charset=utf-8',
      vary: 'Accept',
    });
    expect((await ask(`${url}/async`)).json).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ field: 'a', message: 'is missing' }],
    });
    expect((await ask(`${url}/nothing`)).status).toBe(500);
  });

  it('answers 404 with method and path for what no route has, and 405 where another method has it', async () => {
    const { url } = await serve(() => {});
    const missing = await ask(`${url}/nowhere?token=abc`, { method: 'PUT' });
    expect([missing.status, missing.json]).toMatchObject([404, { code: 'ROUTE_NOT_FOUND', message: 'Cannot PUT /nowhere' }]);

    const app = express();
    const routes = () => [
      { method: 'GET', paths: ['/orders/:id'] },
      { method: 'DELETE', paths: ['/orders/:id/'] },
      { method: 'POST', paths: ['/orders'] },
    ];
    app.use(notFoundHandler({ routes }), errorHandler());
    const known = await listen(app);
    const answer = await ask(`${known}/orders/7`, { method: 'PUT' });
    expect([answer.status, answer.headers.allow, answer.json.code]).toEqual([405, 'DELETE, GET, HEAD', 'METHOD_NOT_ALLOWED']);
    expect((await ask(`${known}/orders/7/items`)).status).toBe(404);
    expect((await ask(`${known}/orders/`)).headers.allow).toBe('POST');
  });

  it('takes away what the failed answer has said of its content, and leaves what is of the place', async () => {
    const { url } = await serve((app) => {
      app.get('/', (_req, res) => {
        res.set({
          'content-type': 'text/csv',
          'content-disposition': 'attachment',
          'content-encoding': 'gzip',
          'content-security-policy': "default-src 'none'",
          'cache-control': 'public, max-age=3600',
          etag: '"1"',
          vary: 'Origin',
          'x-other': '1',
        });
        res.status(201).statusMessage = 'Made';
        throw new NotFoundError();
      });
    });
    const { status, statusMessage, headers } = await ask(url);
    expect([status, statusMessage]).toEqual([404, 'Not Found']);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      vary: 'Origin, Accept',
      'x-other': '1',
    });
    for (const gone of ['content-disposition', 'content-encoding', 'cache-control', 'etag'])
      expect(headers[gone]).toBeUndefined();
  });

  it('answers HEAD without a body, with the headers of one', async () => {
    const { url } = await serve((app) => {
      app.all('/', () => {
        throw new NotFoundError();
      });
    });
    const head = await ask(url, { method: 'HEAD', headers: { 'x-request-id': 'a' } });
    const get = await ask(url, { headers: { 'x-request-id': 'a' } });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([404, '', get.headers['content-length']]);
  });

  it('cuts off an answer that has begun, and logs; one that is out stays', async () => {
    const { url, errors } = await serve((app) => {
      app.get('/begun', (_req, res, next) => void res.write('half', () => next(new Error('too late'))));
      app.get('/sent', (_req, res) => {
        res.send('sent');
        throw new Error('after the end');
      });
    });
    const begun = await ask(`${url}/begun`);
    expect([begun.status, begun.text, begun.isWhole]).toEqual([200, 'half', false]);
    const sent = await ask(`${url}/sent`);
    expect([sent.status, sent.text, sent.isWhole]).toEqual([200, 'sent', true]);
    expect(errors).toEqual([expect.stringContaining('too late'), expect.stringContaining('after the end')]);
  });

  it("answers a path that cannot be decoded with 400, and the handler's own res.status with its", async () => {
    const { url, warnings } = await serve((app) => {
      app.get('/orders/:id', (_req, res) => {
        res.status(404);
        throw new Error('not there');
      });
    });
    expect(await ask(`${url}/orders/%zz`)).toMatchObject({ status: 400, json: { code: 'PATH_MALFORMED' } });
    expect(await ask(`${url}/orders/7`)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND', message: 'not there' } });
    expect(warnings).toHaveLength(1);
  });

  it("answers what Express's own parsers refuse, without quoting it", async () => {
    const { url, errors, warnings } = await serve((app) => void app.post('/', express.json({ limit: 100 })));
    const post = (body: string, headers: Record<string, string> = {}) =>
      ask(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    const malformed = await post('{"password": hunter2}');
    expect([malformed.status, malformed.json]).toMatchObject([400, { code: 'BODY_MALFORMED', data: { line: 1, column: 14 } }]);
    expect(malformed.text).not.toContain('hunter2');
    expect((await post(`"${'x'.repeat(200)}"`)).status).toBe(413);
    expect((await post('{}', { 'content-type': 'application/json; charset=utf-42' })).status).toBe(415);
    expect((await post('{}', { 'content-encoding': 'rot13' })).status).toBe(415);
    expect([errors, warnings]).toEqual([[], []]);
  });

  it('keeps the id that somebody has given the answer', async () => {
    const { url } = await serve((app) => {
      app.get('/', (_req, res) => {
        res.set('x-request-id', 'of-another');
        throw new NotFoundError();
      });
    });
    const { headers, json } = await ask(url, { headers: { 'x-request-id': 'given' } });
    expect([headers['x-request-id'], json.requestId]).toEqual(['of-another', 'of-another']);
  });

  it('shows nothing of the inside in production', async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    later(() => {
      process.env.NODE_ENV = before;
    });
    const { url, errors } = await serve((app) => {
      app.get('/', () => {
        throw new TypeError('secret text', { cause: new Error('inner') });
      });
    });
    const { status, text } = await ask(url, { headers: { 'x-request-id': 'a' } });
    expect([status, text]).toEqual([
      500,
      '{"status":"error","message":"Internal Server Error","code":"INTERNAL","requestId":"a"}',
    ]);
    expect(errors[0]).toContain('TypeError: secret text');
  });

  it('of two requests each gets its own answer, also when the client has gone', async () => {
    const { url, errors } = await serve((app) => {
      app.get('/:id', (req, _res, next) => void setImmediate(() => next(new NotFoundError(`No ${req.params.id}`))));
    });
    const socket = await connect(url);
    socket.end('GET /gone HTTP/1.1\r\nhost: a\r\n\r\n').destroy();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(`${url}/${n}`)));
    expect(answers.map(({ json }) => json.message)).toEqual(answers.map((_, n) => `No ${n}`));
    expect(errors).toEqual([]);
  });
});

describe('the same bytes without Express', () => {
  const failures: readonly (() => unknown)[] = [
    () => new ConflictError('Taken', { code: 'TAKEN', data: { a: 1 } }),
    () => new Error('secret'),
    () => new AppError('Later', { status: 429, headers: { 'retry-after': '3' } }),
    () => 'text',
  ];

  it('Fastify answers what Express does', async () => {
    const { log } = createLines();
    const app = express5();
    app.get('/:n', (req) => {
      throw failures[Number(req.params.n)]?.();
    });
    app.use(errorHandler({ log }));
    const ofExpress = await listen(app);

    const answerOf = errorAnswers({ log });
    const fastify = Fastify();
    fastify.setErrorHandler((error, request, reply) => {
      const { status, headers, body } = answerOf(error, request.raw);
      return reply.code(status).headers(headers).send(body);
    });
    fastify.get('/:n', async (request) => {
      throw failures[Number((request.params as { n: string }).n)]?.();
    });
    const ofFastify = await fastify.listen({ port: 0, host: '127.0.0.1' });
    later(() => fastify.close());

    for (const n of failures.keys()) {
      for (const accept of ['*/*', 'application/problem+json']) {
        const [one, other] = await Promise.all(
          [ofExpress, ofFastify].map((url) => ask(`${url}/${n}`, { headers: { accept, 'x-request-id': 'same' } })),
        );
        expect(other?.text).toBe(one?.text);
        expect(other?.status).toBe(one?.status);
        for (const name of ['content-type', 'content-length', 'vary', 'retry-after', 'x-content-type-options', 'x-request-id']) {
          expect([name, other?.headers[name]]).toEqual([name, one?.headers[name]]);
        }
      }
    }
  });
});

describe('asyncHandler', () => {
  it('keeps the name, by which the mesh calls a route', () => {
    expect(asyncHandler(async function getOrder() {}).name).toBe('getOrder');
    expect(() => asyncHandler(undefined as never)).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
  });
});

describe('a whole app', () => {
  it('with base, 404 and errors never answers 5xx for bad input', async () => {
    const { log, errors } = createLines();
    const app = express5();
    expressBase(app, { cors: false });
    app.post('/orders', (req, res) => void res.status(201).json({ got: req.body }));
    app.use(notFoundHandler(), errorHandler({ log }));
    const url = await listen(app);
    const socket = await connect(url);
    const request: IncomingMessage['headers'] = { 'content-type': 'application/json' };
    for (const body of ['{', '{"__proto__":{}}', '5', `${'['.repeat(100)}${']'.repeat(100)}`, '\u0000']) {
      const { status } = await ask(`${url}/orders`, { method: 'POST', headers: request as Record<string, string>, body });
      expect([body.slice(0, 10), status]).toEqual([body.slice(0, 10), 400]);
    }
    socket.write('POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"');
    socket.resume().end();
    await once(socket, 'close');
    expect((await ask(`${url}/orders`, { method: 'POST' })).status).toBe(201);
    expect(errors).toEqual([]);
  });
});
