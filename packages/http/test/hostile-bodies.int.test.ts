import http from 'node:http';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createCursors, errorHandler, expressBase, notFoundHandler, pageOf } from '../src/index.ts';
import { createLines, EXPRESSES, later, listen } from './failures.test-support.ts';

const RUNS = 300;

/** What can be sent as a value of a header. */
const headerText = fc.string({ unit: fc.constantFrom(...'abc;=,"/* 01-_.'.split('')) });

const hostile = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  path: fc.oneof(
    fc.constantFrom(
      '/orders',
      '/orders/7',
      '/orders?page=x',
      '/orders?limit=999999999999',
      '/%zz',
      '/orders/%e0%a4%a',
      '//',
      '/orders?__proto__[a]=1',
    ),
    fc.webPath().map((path) => `/${path}`),
  ),
  type: fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
      'application/vnd.a+json',
      'text/plain',
    ),
    headerText,
  ),
  coding: fc.constantFrom(undefined, undefined, undefined, 'gzip', 'br', 'constructor'),
  accept: fc.oneof(fc.constantFrom('*/*', 'application/problem+json', 'application/problem+json;q=;'), headerText),
  id: fc.oneof(fc.constant('my-id'), headerText),
  body: fc.oneof(
    fc.json(),
    fc.json().map((text) => `{"__proto__":${text}}`),
    fc.json().map((text) => text.slice(0, -1)),
    fc.integer({ min: 1, max: 3_000 }).map((depth) => '['.repeat(depth)),
    fc.webQueryParameters(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  ),
});

describe.each(EXPRESSES)('on %s whatever is sent', (_name, express) => {
  it('is an answer below 500, well-formed, without a stack, and touches no prototype', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    later(() => vi.unstubAllEnvs());
    const { log, errors } = createLines();
    const app = express();
    expressBase(app, { json: { maxBytes: '4kb' } });
    const cursors = createCursors<{ id: number }>({ secret: 'a-secret-of-thirty-two-characters', scope: 'orders' });
    app.get('/orders', (req, res) => void res.json({ ...pageOf(req.query), ...cursors.read(req.query) }));
    app.all('/orders/:id', (req, res) => void res.json({ id: req.params.id, body: req.body }));
    app.post('/orders', (req, res) => void res.status(201).json(Object.assign({}, req.body)));
    app.use(notFoundHandler(), errorHandler({ log }));
    const url = new URL(await listen(app));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    later(() => agent.destroy());

    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(hostile, async ({ method, path, type, coding, accept, id, body }) => {
        // Of itself Node's client says nothing of the body of a GET.
        const headers = {
          'content-length': Buffer.byteLength(body),
          'content-type': type,
          accept,
          'x-request-id': id,
          ...(coding && { 'content-encoding': coding }),
        };
        const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
          const request = http.request({ host: url.hostname, port: url.port, method, path, headers, agent }, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (chunk: string) => {
              text += chunk;
            });
            response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          });
          request.once('error', reject).end(body);
        });
        statuses.add(status);
        expect(status).toBeLessThan(500);
        if (status >= 400) {
          expect(JSON.parse(text)).toMatchObject({ requestId: expect.stringMatching(/^[\w.-]+$/), code: expect.any(String) });
          expect(text).not.toMatch(/ at .*:\d+:\d+|node_modules|\.ts/);
        }
      }),
      { numRuns: RUNS },
    );
    // So many find each of these; the rarer ones have tests of their own.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]));
    expect(errors).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });
});
