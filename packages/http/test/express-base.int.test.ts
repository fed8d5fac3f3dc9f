import { once } from 'node:events';
import http from 'node:http';
import Fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ExpressBaseOptions, errorHandler, expressBase, securityMiddleware, streamList } from '../src/index.ts';
import { type App, ask, EXPRESSES, later, listen } from './failures.test-support.ts';

afterEach(() => vi.unstubAllEnvs());

describe.each(EXPRESSES)('expressBase on %s', (_name, express) => {
  async function serve(options?: ExpressBaseOptions, declare: (app: App) => void = () => {}) {
    const app = express();
    expressBase(app, options);
    app.get('/', (req, res) => void res.json({ ip: req.ip, text: 'x'.repeat(5_000) }));
    app.post('/', (req, res) => void res.json(req.body));
    declare(app);
    app.use(errorHandler());
    return listen(app);
  }
  const acao = (answer: { headers: http.IncomingHttpHeaders }) => answer.headers['access-control-allow-origin'];
  const PREFLIGHT = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a' };

  it('sends the headers of helmet, and not what runs here', async () => {
    const { headers } = await ask(await serve());
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'strict-transport-security': expect.any(String) });
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-powered-by']).toBeUndefined();
    const without = await ask(await serve({ helmet: false }));
    expect(without.headers['strict-transport-security']).toBeUndefined();
  });

  it('serves the origins of ALLOWED_ORIGINS, and no other', async () => {
    vi.stubEnv('ALLOWED_ORIGINS', 'https://a.example, https://b.example:8443');
    const url = await serve({ cors: { credentials: true } });
    const from = (origin: string) => ask(url, { headers: { origin } });
    expect((await from('https://a.example')).headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id,retry-after,link,etag',
      vary: expect.stringContaining('Origin'),
    });
    expect(acao(await from('https://b.example:8443'))).toBe('https://b.example:8443');
    for (const origin of ['https://b.example', 'http://a.example', 'https://a.example.evil', 'null', 'https://A.example']) {
      const { status, headers } = await from(origin);
      expect([status, Object.keys(headers).filter((name) => name.startsWith('access-control'))]).toEqual([200, []]);
      // Else a cache would hand this answer to one that may.
      expect(headers.vary).toContain('Origin');
    }
  });

  it('answers preflights, allows nothing to others, and leaves other OPTIONS to the app', async () => {
    const url = await serve({ cors: { origins: ['https://a.example'], maxAgeSeconds: 60 } }, (app) => {
      app.options('/', (_req, res) => void res.status(200).send('of the app'));
    });
    const options = (headers: Record<string, string>) => ask(url, { method: 'OPTIONS', headers });
    const allowed = await options({ origin: 'https://a.example', ...PREFLIGHT });
    expect([allowed.status, allowed.headers]).toMatchObject([
      204,
      {
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
        'access-control-allow-headers': 'x-a',
        'access-control-max-age': '60',
      },
    ]);
    const refused = await options({ origin: 'https://evil.example', ...PREFLIGHT });
    expect([refused.status, Object.keys(refused.headers).filter((name) => name.startsWith('access-control'))]).toEqual([204, []]);
    const plain = await options({ origin: 'https://a.example' });
    expect([plain.status, plain.text, acao(plain)]).toEqual([200, 'of the app', 'https://a.example']);
    expect((await options({})).text).toBe('of the app');
  });

  it('without ALLOWED_ORIGINS serves nobody across origins in production, and everybody elsewhere', async () => {
    vi.stubEnv('ALLOWED_ORIGINS', undefined);
    expect(acao(await ask(await serve(), { headers: { origin: 'https://a.example' } }))).toBe('*');
    vi.stubEnv('NODE_ENV', 'production');
    expect(acao(await ask(await serve(), { headers: { origin: 'https://a.example' } }))).toBeUndefined();
    const url = await serve({ cors: { origins: (origin) => origin.endsWith('.example') } });
    expect(acao(await ask(url, { headers: { origin: 'https://a.example' } }))).toBe('https://a.example');
    // Only a clear yes: a promise of no must not let in every page of the world.
    for (const answer of [Promise.resolve(false), 'no', 1, undefined]) {
      const lax = await serve({ cors: { origins: () => answer as never, credentials: true } });
      expect(acao(await ask(lax, { headers: { origin: 'https://a.example' } }))).toBeUndefined();
    }
  });

  it('compresses answers, and no streams', async () => {
    const url = await serve({}, (app) => {
      app.get('/as', (req, res) => void res.type(String(req.query.type)).send('x'.repeat(5_000)));
      app.get('/part', (_req, res) => {
        res.status(206).set('content-range', 'bytes 0-1999/5000').type('text').send('x'.repeat(2_000));
      });
      app.get('/ndjson', (_req, res, next) => void streamList(res, slow(), { format: 'ndjson' }).catch(next));
      app.get('/events', (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${'x'.repeat(2_000)}\n\n`);
      });
    });
    const packed = { 'accept-encoding': 'gzip' };
    for (const type of ['application/x-ndjson', 'application/stream+json', 'multipart/x-mixed-replace'])
      expect(
        (await ask(`${url}/as?type=${encodeURIComponent(type)}`, { headers: packed })).headers['content-encoding'],
      ).toBeUndefined();
    expect((await ask(url, { headers: packed })).headers['content-encoding']).toBe('gzip');
    expect((await ask(url)).headers['content-encoding']).toBeUndefined();
    // A part of something: its place is told in bytes of the whole, which is not compressed.
    const part = await ask(`${url}/part`, { headers: { ...packed, range: 'bytes=0-1999' } });
    expect([part.status, part.headers['content-encoding'], part.text]).toEqual([206, undefined, 'x'.repeat(2_000)]);
    // The first part is here while the second is not made yet.
    async function* slow() {
      yield 'x'.repeat(2_000);
      await new Promise<never>(() => {});
    }
    for (const path of ['/ndjson', '/events']) {
      const request = http.get(`${url}${path}`, { headers: packed, agent: false });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      expect(response.headers['content-encoding']).toBeUndefined();
      const [first] = (await once(response, 'data')) as [Buffer];
      expect(first.length).toBeGreaterThan(1_999);
      request.on('error', () => {}).destroy();
    }
  });

  it('reads bodies up to 10mb, and can be told not to', async () => {
    const url = await serve();
    const post = (to: string, body: string, type = 'application/json') =>
      ask(to, { method: 'POST', headers: { 'content-type': type }, body });
    expect((await post(url, '{"a":1}')).json).toEqual({ a: 1 });
    expect((await post(url, 'a=1', 'application/x-www-form-urlencoded')).json).toEqual({ a: '1' });
    const text = (bytes: number) => `["${'x'.repeat(bytes - 4)}"]`;
    expect((await post(url, text(10 * 1024 ** 2))).status).toBe(200);
    expect((await post(url, text(10 * 1024 ** 2 + 1))).status).toBe(413);
    const without = await serve({ json: false, urlencoded: { maxBytes: 3 } });
    expect((await post(without, '{"a":1}')).json).toEqual({});
    expect((await post(without, 'a=12', 'application/x-www-form-urlencoded')).status).toBe(413);
  });

  it('believes x-forwarded-for of the proxies that are named, and of nobody else', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    expect((await ask(await serve(), { headers })).json.ip).toBe('127.0.0.1');
    expect((await ask(await serve({ trustProxy: 1 }), { headers })).json.ip).toBe('203.0.113.9');
    expect((await ask(await serve({ trustProxy: ['loopback'] }), { headers })).json.ip).toBe('203.0.113.9');
    expect((await ask(await serve({ trustProxy: ['10.0.0.0/8'] }), { headers })).json.ip).toBe('127.0.0.1');
  });

  it('has the log see every request first, also those that are refused', async () => {
    const seen: string[] = [];
    const url = await serve({
      requestLogger: (req, res, next) => {
        res.once('finish', () => seen.push(`${req.method} ${res.statusCode}`));
        next();
      },
    });
    await ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
    await ask(url);
    expect(seen).toEqual(['POST 400', 'GET 200']);
  });
});

describe('the same on Fastify', () => {
  it('from a hook', async () => {
    const fastify = Fastify();
    for (const run of securityMiddleware({ cors: { origins: ['https://a.example'] } })) {
      fastify.addHook('onRequest', (request, reply, done) => run(request.raw, reply.raw, done as (error?: unknown) => void));
    }
    fastify.get('/', async () => ({ text: 'x'.repeat(5_000) }));
    const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
    later(() => fastify.close());
    const { headers } = await ask(url, { headers: { origin: 'https://a.example', 'accept-encoding': 'gzip' } });
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'x-content-type-options': 'nosniff',
      'content-encoding': 'gzip',
    });
    const preflight = { origin: 'https://a.example', 'access-control-request-method': 'GET' };
    expect((await ask(url, { method: 'OPTIONS', headers: preflight })).status).toBe(204);
  });
});
