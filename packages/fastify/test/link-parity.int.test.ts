import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Calling,
  casesFor,
  expectParity,
  type ParityCase,
  shutDoors,
  untilLinked,
} from '../../../test/together/link-parity.test-support.ts';
import { start, stopAll } from './fleet.test-support.ts';

/** What handlers and hooks have seen. */
const logged: string[] = [];

const PEN = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } } } as const;

/** Over HTTP each call proves its caller; a link has done so before. */
const namesOf = (headers: object) => Object.keys(headers).filter((name) => name !== 'express-micro-caller');

/** One route for each way to answer that an app has. */
async function answerRoutes(app: FastifyInstance): Promise<void> {
  app.addHook('onResponse', async (request, reply) => void logged.push(`${request.method} ${reply.statusCode} ${reply.sent}`));
  app.get<{ Params: { id: string } }>('/json/:id', async (request) => ({ id: request.params.id, q: request.query, ü: 'ß🙂' }));
  app.get('/schema', { schema: { response: { 200: PEN } } }, async () => ({ id: '7', name: 'blue', secret: 1 }));
  app.get('/null', async () => null);
  app.get('/number', async (_request, reply) => reply.send(7));
  app.get('/text', async () => 'plain ü');
  app.get('/html', async (_request, reply) => reply.type('text/html').send('<b>ü</b>'));
  app.get('/status', async (_request, reply) => reply.code(203).send([1, 2]));
  app.get('/bytes', async () => Buffer.from([0, 1, 254, 255]));
  app.get('/view', async (_request, reply) => reply.send(new Uint8Array([1, 2])));
  app.get('/empty', async (_request, reply) => reply.send());
  app.get('/none', async (_request, reply) => reply.code(204).send());
  app.get('/none-json', async (_request, reply) => reply.code(204).send({ not: 'sent' }));
  app.get('/unchanged', async (_request, reply) => reply.code(304).send());
  app.get('/redirect', async (_request, reply) => reply.redirect('/json/1'));
  app.get('/moved', async (_request, reply) => reply.redirect('/json/1', 301));
  app.get('/cookies', async (_request, reply) => {
    reply.header('set-cookie', 'a=1').header('set-cookie', 'b=2; HttpOnly').header('x-own', 'own');
    return { ok: true };
  });
  app.get('/stream', async (_request, reply) => reply.type('text/plain').send(Readable.from(['a', 'b', 'c'])));
  app.get('/web-stream', async (_request, reply) => reply.type('text/plain').send(new Blob(['web']).stream()));
  app.get('/web-response', async () => new Response('of the web', { status: 202, headers: { 'x-web': '1' } }));
  app.get('/late-stream', async (_request, reply) =>
    reply.type('text/plain').send(
      Readable.from(
        (async function* () {
          yield 'one ';
          await wait(5);
          yield 'two';
        })(),
      ),
    ),
  );
  app.get('/large', async () => ({ large: 'x'.repeat(300_000) }));
  app.get('/larger', async (_request, reply) =>
    reply.type('text/plain').send(Readable.from(Array.from({ length: 40 }, () => 'y'.repeat(50_000)))),
  );
  app.get('/broken-stream', async (_request, reply) =>
    reply.type('text/plain').send(
      Readable.from(
        (async function* () {
          yield 'half';
          await wait(5);
          throw new Error('no more');
        })(),
      ),
    ),
  );
  app.get('/hijacked', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(202, 'Taken', { 'x-a': '1' });
    reply.raw.write('by ');
    reply.raw.end('hand');
  });
  app.get('/trailers', async (_request, reply) => {
    reply.trailer('x-sum', async () => '1');
    return 'with trailers';
  });
  app.get('/hints', async (_request, reply) => {
    reply.raw.writeEarlyHints({ link: '</a.css>; rel=preload' });
    return 'hinted';
  });
  app.get('/thrown', async () => {
    throw new Error('thrown');
  });
  app.get('/handed', (_request, reply) => void reply.send(Object.assign(new Error('handed'), { statusCode: 409 })));
  app.get('/refused', async (_request, reply) => reply.code(422).send({ fields: ['a'] }));
  app.get('/cut', (request) => void request.raw.socket.destroy());
  app.get('/cut-answer', (_request, reply) => {
    reply.hijack();
    reply.raw.write('half');
    setTimeout(() => reply.raw.destroy(), 5);
  });
  app.get('/request', async (request) => {
    const { method, url, originalUrl, ip, protocol, hostname, is404, headers } = request;
    return { method, url, originalUrl, ip, protocol, hostname, is404, names: namesOf(headers), route: request.routeOptions.url };
  });
  app.get('/hooked', { preHandler: async (_request, reply) => void reply.header('x-hook', '1') }, async () => 'hooked');
  app.get(
    '/answered-in-hook',
    { onRequest: async (_request, reply) => reply.code(401).send({ error: 'hook' }) },
    async () => 'never',
  );
  app.get('/changed', { onSend: async (_request, _reply, payload) => String(payload).toUpperCase() }, async () => 'changed');
  app.get('/late', async (request, reply) => {
    await wait(5);
    logged.push(`${reply.sent} ${request.raw.complete}`);
    return reply.code(201).send({ late: true });
  });
  app.get('/twice', (_request, reply) => {
    reply.send({ a: 1 });
    reply.send({ b: 1 });
  });
  app.get('/timed', { handlerTimeout: 20 }, () => new Promise(() => {}));
  app.post(
    '/json',
    { schema: { body: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } } },
    async (request, reply) => reply.code(201).send({ body: request.body, length: request.headers['content-length'] }),
  );
  app.post('/text', async (request) => ({ body: request.body, type: request.headers['content-type'] }));
  app.addContentTypeParser('application/x-own', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/raw', async (request) => request.body);
  app.addContentTypeParser('application/x-stream', (_request, payload, done) => done(null, payload));
  app.post('/piped', async (request, reply) => reply.type('text/plain').send(request.body));
  app.post('/unread', async (_request, reply) => reply.send('unread'));
  app.post('/limited', { bodyLimit: 10 }, async () => 'small');
  await app.register(async (child) => {
    await child.register(compress, { threshold: 0 });
    child.get('/compressed', async () => ({ text: 'z'.repeat(5_000) }));
  });
  await app.register(async (child) => {
    await child.register(helmet);
    await child.register(cors, { origin: ['https://shop.example.com'] });
    child.get('/helmet', async () => ({ safe: true }));
  });
  app.setNotFoundHandler((request, reply) => void reply.code(404).send({ none: request.url }));
}

const own = { 'content-type': 'application/x-own' };
const CASES: readonly ParityCase[] = [
  ['getJson', { params: { id: 'a b' }, query: { q: ['1', 'ü'] } }],
  ...'getSchema getNull getNumber getText getHtml getStatus getBytes getView getEmpty getNone getNoneJson getUnchanged getRedirect'
    .split(' ')
    .map((name) => [name] as const),
  ...'getMoved getCookies getStream getWebStream getWebResponse getLateStream getLarge getLarger getBrokenStream getHijacked'
    .split(' ')
    .map((name) => [name] as const),
  ...'getTrailers getHints getThrown getHanded getRefused getCut getCutAnswer getHooked getAnsweredInHook getChanged getLate getTwice getTimed getHelmet'
    .split(' ')
    .map((name) => [name] as const),
  ['getHelmet', { headers: { origin: 'https://shop.example.com' } }],
  ['getRequest', { headers: { 'x-forwarded-for': '1.2.3.4', 'x-own': 'caf\u00e9' }, query: { a: 'b' } }],
  ['getCompressed', { headers: { 'accept-encoding': 'gzip' } }],
  ['getCompressed'],
  ['createJson', { body: { n: 1, text: 'ü🙂' } }],
  ['createJson', { body: { n: 'no number' } }],
  ['createJson', { body: { wrong: true } }],
  ['createJson', { body: '{"n":', headers: { 'content-type': 'application/json' } }],
  ['createJson'],
  ['createText', { body: 'text ü' }],
  ['createRaw', { body: Buffer.from([0, 200, 255]), headers: own }],
  ['createRaw', { body: Buffer.alloc(60_000, 7), headers: own }],
  ['createRaw', { body: Buffer.alloc(0), headers: own }],
  ['createRaw', { body: 'x', headers: { 'content-type': 'application/unknown' } }],
  ['createPiped', { body: 'piped through', headers: { 'content-type': 'application/x-stream' } }],
  ['createUnread', { body: { not: 'read' } }],
  ['createLimited', { body: { too: 'large for that' } }],
];

describe('Fastify answers the same over HTTP, over the link and within the process', () => {
  let ways: { http: Calling; near: Calling };
  let url: string;
  beforeAll(async () => {
    const target = await start('target', answerRoutes);
    url = target.url;
    const open = (name: string, transport: 'auto' | 'http') =>
      start(name, () => {}, { retry: false, transport, peers: [target.url] });
    const [http, near] = [await open('over-http', 'http'), await open('nearby', 'auto')];
    await Promise.all([http, near].map(({ app }) => app.micro.ready({ services: ['target'] })));
    ways = { http: http.app as never, near: near.app as never };
    const reopen = shutDoors();
    await untilLinked(ways.near, ({ target: services }) => services.getText());
    reopen();
  });
  afterAll(stopAll);

  describe.each(['plain', 'request'] as const)('to a %s call', (form) => {
    it.each(casesFor(form, CASES))('%i: %s', async (_index, name, explicit) => {
      await expectParity(ways, 'target', form, [name, explicit], logged);
    });
  });

  it('and to other clients what it answers without the plugin', async () => {
    const bare = Fastify();
    await answerRoutes(bare);
    await bare.listen({ port: 0, host: '127.0.0.1' });
    const see = async (origin: string, method: string, path: string) => {
      const response = await fetch(origin + path, { method, redirect: 'manual' }).catch((error: Error) => error.message);
      if (typeof response === 'string') return response;
      const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
      return { status: response.status, headers, body: await response.text().catch(() => 'broken') };
    };
    const paths = CASES.map(([name]) => name)
      .filter((name) => name.startsWith('get'))
      .map(
        (name) =>
          `/${name
            .slice(3)
            .replace(/(?<!^)[A-Z]/g, '-$&')
            .toLowerCase()}`,
      );
    let compared = 0;
    for (const path of new Set([...paths, '/json/1', '/nowhere', '/json/%zz'])) {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const [wanted, seen] = [await see(bare.listeningOrigin, method, path), await see(url, method, path)];
        const text = (value: unknown) =>
          JSON.stringify(value)
            .replaceAll(/127\.0\.0\.1(:\d+)?/g, 'HOST')
            .replaceAll('undici', 'node');
        expect([method, path, text(seen)]).toEqual([method, path, text(wanted)]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(100);
    await bare.close();
  });
});
