import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { baseOptions, fastifyBase } from '../src/preset.ts';
import { ends, stopAll } from './fleet.test-support.ts';

afterEach(async () => {
  vi.unstubAllEnvs();
  await stopAll();
});

async function withBase(options?: Parameters<typeof fastifyBase>[1]) {
  const app = ends(Fastify());
  await app.register(fastifyBase, options ?? {});
  app.get('/pens', async () => ({ text: 'z'.repeat(5_000) }));
  app.get('/events', async (_request, reply) =>
    reply.type('text/event-stream').send(Readable.from([`data: ${'x'.repeat(5_000)}\n\n`])),
  );
  const ask = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'OPTIONS' = 'GET') =>
    app.inject({ url, headers, method });
  return { app, ask };
}

describe('P2: the base of a Fastify app', () => {
  it('sets the headers of helmet, compresses what is large, and no stream of events', async () => {
    const { ask } = await withBase();
    const { headers } = await ask('/pens', { 'accept-encoding': 'gzip' });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'x-content-type-options': 'nosniff' });
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect((await ask('/events', { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
  });

  it('lets pages of ALLOWED_ORIGINS call, and nobody by default in production', async () => {
    const allowed = async (env: Record<string, string>, origin: string) => {
      vi.unstubAllEnvs();
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      const { ask } = await withBase();
      return (await ask('/pens', { origin })).headers['access-control-allow-origin'];
    };
    const shop = 'https://shop.example.com';
    expect(await allowed({ ALLOWED_ORIGINS: `https://a.example.com, ${shop}/` }, shop)).toBe(shop);
    expect(await allowed({ ALLOWED_ORIGINS: shop }, 'https://evil.example.com')).toBeUndefined();
    expect(await allowed({ NODE_ENV: 'production' }, shop)).toBeUndefined();
    expect(await allowed({ NODE_ENV: 'development' }, shop)).toBe('*');
  });

  it('answers a preflight, and adds no function to the app', async () => {
    const { app, ask } = await withBase({ cors: { origins: ['https://a.example.com'], credentials: true, maxAgeSeconds: 60 } });
    const { statusCode, headers } = await ask(
      '/pens',
      { origin: 'https://a.example.com', 'access-control-request-method': 'PUT' },
      'OPTIONS',
    );
    expect([statusCode, headers['access-control-max-age'], headers['access-control-allow-credentials']]).toEqual([
      204,
      '60',
      'true',
    ]);
    // One that is no preflight is answered all the same, and adds no error of its own.
    expect((await ask('/pens', { origin: 'https://a.example.com' }, 'OPTIONS')).statusCode).toBe(204);
    const { createRouteReader } = await import('../src/fastify-routes.ts');
    expect(createRouteReader(app)().map(({ method, paths }) => `${method} ${paths}`)).toEqual(['GET /pens', 'GET /events']);
  });

  it('leaves a part out for false alone', async () => {
    const { ask } = await withBase({ helmet: false, cors: false, compression: false });
    const { headers } = await ask('/pens', { 'accept-encoding': 'gzip', origin: 'https://a.example.com' });
    expect(Object.keys(headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'date']);
  });

  it.each([
    [{ cors: { origins: '*', credentials: true } }, /credentials" with the origins "\*"/],
    [{ cors: { origins: ['example.com'] } }, /"example\.com" is no origin/],
    [{ cors: { origins: '*,https://a.example.com' } }, /"\*" beside others/],
    [{ cors: { methods: ['GET\r\n'] } }, /a list of names/],
    [{ compress: {} }, /Unknown option "compress" of fastifyBase\(\)/],
    [{ helmet: true }, /"helmet" of fastifyBase\(\) got true/],
  ])('refuses %j', async (options, message) => {
    await expect(withBase(options as never)).rejects.toThrow(message);
    await expect(withBase(options as never)).rejects.toMatchObject({ code: 'MESH_OPTION_INVALID' });
  });

  it('takes an allowed origin out of no text but the environment that says it', async () => {
    vi.stubEnv('ALLOWED_ORIGINS', 'shop.example.com');
    await expect(withBase()).rejects.toThrow(/ALLOWED_ORIGINS.*"shop\.example\.com" is no origin/);
  });

  it('says which package a part needs', async () => {
    const { helmetPart } = await import('../src/preset/helmet.ts');
    const register = vi
      .spyOn(helmetPart, 'register')
      .mockRejectedValue(
        Object.assign(new Error("Cannot find package '@fastify/helmet' imported from x"), { code: 'ERR_MODULE_NOT_FOUND' }),
      );
    await expect(withBase()).rejects.toThrow('npm install @fastify/helmet. Or leave it out: { helmet: false }.');
    register.mockRestore();
  });
});

describe('baseOptions()', () => {
  const levelWith = (env: Record<string, string>) => {
    vi.unstubAllEnvs();
    vi.stubEnv('LOG_LEVEL', '');
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return baseOptions().logger;
  };

  it('takes the level from LOG_LEVEL, and writes for people outside of production', () => {
    expect(levelWith({ NODE_ENV: 'production' })).toEqual({ level: 'info' });
    expect(levelWith({ NODE_ENV: 'production', LOG_LEVEL: 'WARN' })).toEqual({ level: 'warn' });
    expect(levelWith({ NODE_ENV: 'production', LOG_LEVEL: 'http' })).toEqual({ level: 'info' });
    expect(levelWith({ NODE_ENV: 'development' })).toEqual({
      level: 'debug',
      transport: { target: expect.stringContaining('pino-pretty') },
    });
    expect(baseOptions({ pretty: false }).logger.transport).toBeUndefined();
    expect(baseOptions()).toMatchObject({ bodyLimit: 10_485_760, trustProxy: false });
  });

  it('makes an app that reads no larger body', async () => {
    const app = ends(Fastify(baseOptions({ level: 'silent', pretty: false, bodyLimit: 10 })));
    app.post('/', async () => 'small');
    const { statusCode } = await app.inject({ method: 'POST', url: '/', payload: { more: 'than ten bytes' } });
    expect(statusCode).toBe(413);
  });

  it('believes the proxies that are named, and no other', async () => {
    const app = ends(Fastify(baseOptions({ level: 'silent', pretty: false, trustProxy: ['10.0.0.0/8'] })));
    app.get('/', async (request) => request.ip);
    const ask = async (remoteAddress: string) =>
      (await app.inject({ url: '/', remoteAddress, headers: { 'x-forwarded-for': '203.0.113.9' } })).payload;
    expect([await ask('10.1.2.3'), await ask('192.0.2.1')]).toEqual(['203.0.113.9', '192.0.2.1']);
  });

  it.each([
    [{ level: 'loud' }, /"loud"\); it takes one of fatal/],
    [{ pretty: 'yes' }, /it takes true or false/],
    [{ trustProxy: true }, /trusts whatever a client writes/],
    [{ trustProxy: ['0.0.0.0/0'] }, /is everybody/],
    [{ trustProxy: ['nonsense'] }, /"nonsense"/],
    [{ bodyLimit: 0 }, /bodyLimit/],
    [{ loglevel: 'info' }, /Unknown option "loglevel" of baseOptions\(\)/],
  ])('refuses %j', (options, message) => {
    expect(() => baseOptions(options as never)).toThrow(message);
  });
});
