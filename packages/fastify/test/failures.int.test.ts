import { MicroError } from '@express-micro/core';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { type Started, start, stopAll } from './fleet.test-support.ts';

afterEach(stopAll);

interface Seen {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function failing(fastify: (app: Started['app']) => unknown = () => {}) {
  const remote = await start('remote', (app) => {
    app.get('/teapots', (_request, reply) => void reply.code(418).send({ reason: 'stout' }));
  });
  const front = await start(
    'front',
    async (app) => {
      await fastify(app);
      app.get('/teapot', () => app.micro.services.remote.getTeapots());
      app.get('/nobody', () => app.micro.services.nobody.getAnything());
      app.get('/wrong', () => app.micro.services.remote.getNothing());
      app.get('/own', () => {
        throw Object.assign(new Error('mine'), { statusCode: 409 });
      });
      app.get('/for-clients', () => {
        // As an AppError of @express-micro/http is.
        const error = new MicroError({ code: 'SOLD_OUT', kind: 'not_found', message: 'sold out' });
        throw Object.assign(error, { isOperational: true, data: { left: 0 }, headers: { 'retry-after': '60', vary: 'accept' } });
      });
    },
    { peers: [remote.url] },
  );
  await front.app.micro.ready();
  const ask = async (path: string, init?: RequestInit): Promise<Seen> => {
    const response = await fetch(front.url + path, init);
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: response.headers };
  };
  return { ask, front };
}

/** A route that fails as a call does, and what it is declared with. */
const calls = (app: FastifyInstance, path: string, options: object = {}) =>
  app.get(path, options, () => app.micro.services.remote.getTeapots());

const TEAPOT = { status: 418, body: { error: "I'm a Teapot", code: 'MESH_REMOTE_STATUS', requestId: expect.any(String) } };

describe('what nobody caught', () => {
  it('of a call becomes its status and nothing of its text, which stands in the log; the rest is answered by Fastify', async () => {
    const { ask, front } = await failing();
    for (const [path, status] of [
      ['/teapot', 418],
      ['/nobody', 503],
      ['/wrong', 500],
    ] as const) {
      const { status: seen, body } = await ask(path);
      expect([path, seen, Object.keys(body)]).toEqual([path, status, ['error', 'code', 'requestId']]);
      expect(body.code).toMatch(/^MESH_/);
    }
    expect(front.warnings.join('\n')).toMatch(/GET "\/teapot" failed: .*remote/);
    expect(await ask('/own')).toMatchObject({ status: 409, body: { statusCode: 409, error: 'Conflict', message: 'mine' } });
    expect(await ask('/for-clients')).toMatchObject({
      status: 404,
      body: { status: 'error', code: 'SOLD_OUT', message: 'sold out', data: { left: 0 } },
    });
    expect(await ask('/nowhere')).toMatchObject({ status: 404, body: { message: 'Route GET:/nowhere not found' } });
  });

  it('keeps its text in where a schema says how errors are written, in every context, and in hooks', async () => {
    const properties = Object.fromEntries(
      ['message', 'requestId', 'service', 'instance', 'stack', 'details'].map((name) => [name, {}]),
    );
    const { ask } = await failing(async (app) => {
      calls(app, '/by-schema', { schema: { response: { '4xx': { type: 'object', properties } } } });
      calls(app, '/by-compiler', {
        schema: { response: { '4xx': {} } },
        serializerCompiler: () => (error: Error) => `<${error.message}>`,
      });
      await app.register(async (child) => void calls(child, '/child'));
      app.get('/hook', { preHandler: () => app.micro.services.remote.getTeapots() as Promise<void> }, async () => 'never');
      calls(app, '/handed-on', {
        errorHandler: (error: Error, _request: unknown, reply: { send: (e: Error) => void }) => reply.send(error),
      });
      await app.register(async (child) => {
        await child.register(compress, { threshold: 0 });
        calls(child, '/compressed');
      });
    });
    for (const path of ['/by-schema', '/by-compiler', '/child', '/hook', '/handed-on', '/compressed'])
      expect([path, await ask(path)]).toMatchObject([path, TEAPOT]);
    expect(await ask('/by-schema', { method: 'HEAD' })).toMatchObject({ status: 418, body: {} });
  });

  it('is the business of an error handler of the app, where there is one, whatever it writes', async () => {
    const written: ((error: MicroError) => unknown)[] = [
      ({ message }) => ({ own: message }),
      ({ message }) => ({ message }),
      ({ message, code }) => ({ statusCode: 502, error: 'Bad Gateway', message, code }),
      ({ message }) => JSON.stringify({ message }),
    ];
    for (const write of written) {
      const { ask } = await failing((app) => {
        app.setErrorHandler(
          (error: MicroError, _request, reply) => void reply.code(502).type('application/json').send(write(error)),
        );
      });
      const { status, body } = await ask('/teapot');
      expect([status, JSON.stringify(body)]).toEqual([502, expect.stringContaining('remote')]);
      await stopAll();
    }
  });

  it('takes nothing along of the answer that failed, as on Express, and keeps what holds for the place', async () => {
    const { ask } = await failing(async (app) => {
      await app.register(cors, { origin: ['https://shop.example.com'] });
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('cache-control', 'public, max-age=60').header('etag', '"one"').header('x-frame-options', 'DENY');
        reply.raw.setHeader('content-language', 'de');
      });
    });
    for (const path of ['/teapot', '/for-clients']) {
      const { headers } = await ask(path, { headers: { origin: 'https://shop.example.com' } });
      const seen = ['cache-control', 'etag', 'content-language', 'x-frame-options', 'access-control-allow-origin'].map((name) =>
        headers.get(name),
      );
      expect([path, ...seen]).toEqual([path, null, null, null, 'DENY', 'https://shop.example.com']);
      expect(headers.get('vary')).toBe(path === '/teapot' ? 'Origin' : 'Origin, accept');
    }
  });
});
