import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { start, stopAll } from './fleet.test-support.ts';

afterEach(stopAll);

const ORDER = {
  type: 'object',
  required: ['item'],
  additionalProperties: false,
  properties: { item: { type: 'string' }, count: { type: 'integer', default: 1 } },
} as const;

/** What Fastify does by itself goes on doing it. */
function declare(app: FastifyInstance) {
  app.post(
    '/orders',
    {
      schema: {
        body: ORDER,
        response: { 201: { type: 'object', properties: { id: { type: 'number' }, item: { type: 'string' } } } },
      },
    },
    async function createOrder(request, reply) {
      const { item } = request.body as { item: string };
      reply.code(201);
      return { id: 7, item, secret: 'not in the schema' };
    },
  );
  app.put('/prints/:id', async (request) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request.body as Readable) chunks.push(chunk as Buffer);
    return createHash('sha256').update(Buffer.concat(chunks)).digest('hex');
  });
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
}

describe.each([false, true])('calls to native routes (enableHmac: %s)', (enableHmac) => {
  async function pair() {
    const target = await start('target', declare, { enableHmac });
    const caller = await start('caller', () => {}, { enableHmac, peers: [target.url], transport: 'http' });
    await caller.app.micro.ready();
    return caller.app.micro.services.target;
  }

  it('are validated, filled and serialised by their schemas', async () => {
    const target = await pair();
    expect(await target.createOrder({ item: 'pen' })).toEqual({ id: 7, item: 'pen' });
    await expect(target.createOrder({ count: 'many' })).rejects.toMatchObject({
      code: 'MESH_REMOTE_STATUS',
      status: 400,
      data: { code: 'FST_ERR_VALIDATION', message: "body must have required property 'item'" },
    });
  });

  it('bring their body to a parser of the app as it was sent', async () => {
    const target = await pair();
    const body = Buffer.alloc(200_000, 'bytes');
    const headers = { 'content-type': 'application/octet-stream' };
    const { data } = await target.updatePrint.request({ params: { id: 1 }, body, headers });
    expect(data).toBe(createHash('sha256').update(body).digest('hex'));
  });
});

describe('idempotent()', () => {
  it.each(['onRequest', 'preHandler'] as const)('as %s runs a request once', async (hook) => {
    let ran = 0;
    const { url } = await start('once', (app) => {
      app.post('/orders', { [hook]: app.micro.idempotent(), schema: { body: ORDER } }, async (request, reply) => {
        ran += 1;
        return reply.code(201).send({ ran, got: request.body });
      });
    });
    const post = (item: string) =>
      fetch(`${url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1' },
        body: JSON.stringify({ item }),
      });
    const answers = [await post('pen'), await post('pen'), await post('ink')];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 422]);
    expect(answers[1]?.headers.get('idempotency-replayed')).toBe('true');
    expect(await answers[1]?.json()).toEqual({ ran: 1, got: { item: 'pen', count: 1 } });
    expect(ran).toBe(1);
  });
});

describe('idempotent() behind @fastify/compress', () => {
  it('keeps what the handler has answered, and who asks again can read it, however it asks', async () => {
    const { url } = await start('shop', async (app) => {
      await app.register(compress, { threshold: 0 });
      app.post('/orders', { onRequest: app.micro.idempotent() }, async (_request, reply) =>
        reply.code(201).send({ id: 7, text: 'ü'.repeat(3_000) }),
      );
    });
    const ask = async (encoding: string, key: string) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key, 'accept-encoding': encoding };
      const response = await fetch(`${url}/orders`, { method: 'POST', headers, body: '{}' });
      return [response.status, response.headers.get('idempotency-replayed'), (await response.json()) as unknown];
    };
    const order = { id: 7, text: 'ü'.repeat(3_000) };
    for (const [first, second] of [
      ['gzip', 'identity'],
      ['gzip', 'gzip'],
      ['identity', 'gzip'],
    ] as const) {
      const key = `${first}-${second}`;
      expect(await ask(first, key)).toEqual([201, null, order]);
      expect(await ask(second, key)).toEqual([201, 'true', order]);
    }
  });
});

describe('an answer that no handler has made', () => {
  it('has the headers of the hooks in front, as on Express: a page of another origin can read it', async () => {
    const origin = 'https://shop.example.com';
    const { url } = await start('shop', async (app) => {
      await app.register(cors, { origin: [origin], credentials: true });
      app.addHook('onRequest', async (_request, reply) => void reply.header('x-frame-options', 'DENY'));
      app.post('/orders', { onRequest: app.micro.idempotent() }, async (_request, reply) =>
        reply.code(201).header('x-own', 'own').send({ id: 7 }),
      );
      app.get('/inner', { onRequest: app.micro.internal() }, async () => 'never');
      app.get('/orders', async () => 'plain');
    });
    const ask = async (path: string, body?: string) => {
      const headers = { origin, ...(body && { 'content-type': 'application/json', 'idempotency-key': 'k-1' }) };
      const response = await fetch(url + path, { headers, ...(body && { method: 'POST', body }) });
      const seen = ['access-control-allow-origin', 'access-control-allow-credentials', 'vary', 'x-frame-options'];
      return [response.status, response.headers.get('idempotency-replayed'), ...seen.map((name) => response.headers.get(name))];
    };
    const common = [origin, 'true', 'Origin', 'DENY'];
    expect(await ask('/orders', '{"a":1}')).toEqual([201, null, ...common]);
    expect(await ask('/orders', '{"a":1}')).toEqual([201, 'true', ...common]);
    expect(await ask('/orders', '{"a":2}')).toEqual([422, null, ...common]);
    expect(await ask('/inner')).toEqual([401, null, ...common]);
    expect(await ask('/orders')).toEqual([200, null, ...common]);
  });
});

describe('overload', () => {
  it('tells routes apart by their patterns', async () => {
    const seen: unknown[] = [];
    const { url } = await start('routes', (app) => {
      app.get('/pens/:id', async (request) => String(seen.push((request.raw as { route?: unknown }).route)));
    });
    for (const id of [1, 2]) await fetch(`${url}/pens/${id}`);
    expect(seen).toEqual([{ path: '/pens/:id' }, { path: '/pens/:id' }]);
    expect(seen[0]).toBe(seen[1]);
  });
});
