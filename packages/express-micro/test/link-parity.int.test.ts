import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallOptions, MeshError } from '../src/index.ts';
import { answerRoutes, logged } from './answer-routes.test-support.ts';
import { expresses, type Service, startService, stopAll } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

type Explicit = { params?: object; query?: object; body?: unknown } & CallOptions;

/** Functions of the routes, each with what it is called with. */
const CASES: readonly (readonly [name: string, explicit?: Explicit])[] = [
  ['getJson', { params: { id: 'a b' }, query: { q: ['1', 'ü'] } }],
  ['getFalsy', { params: { what: 'null' } }],
  ['getFalsy', { params: { what: 'zero' } }],
  ['getFalsy', { params: { what: 'no' } }],
  ['getFalsy', { params: { what: 'text' } }],
  ['getFalsy', { params: { what: 'none' } }],
  ...'getStatus getText getType getBytes getLatin getEmpty getNone getNoneJson getReset getRedirect getMoved getCookies getMany'
    .split(' ')
    .map((name) => [name] as const),
  ...'getHead getHeadList getOwnLength getNoDate getChunks getFlushed getLarge getLarger getPipe getFile getDownload getJsonp'
    .split(' ')
    .map((name) => [name] as const),
  ...'getTrailers getHints getCork getLate getTwice getEvents getAfter getRequest getWholeRequest getThrown getHanded getRefused'
    .split(' ')
    .map((name) => [name] as const),
  ...'getCut getCutAnswer getCutRequest getHelmet getSession getMorgan getWrapped getStaticFleetTestSupportTs'
    .split(' ')
    .map((name) => [name] as const),
  ['getFile', { headers: { range: 'bytes=0-9' } }],
  ['getFile', { headers: { range: 'bytes=99999999-' } }],
  ['getJson', { params: { id: '1' }, headers: { 'if-none-match': '*' } }],
  ['getText', { headers: { 'if-none-match': 'W/"other"' } }],
  ['getFormat', { headers: { accept: 'text/html' } }],
  ['getFormat', { headers: { accept: 'image/png' } }],
  ['getCompressed', { headers: { 'accept-encoding': 'gzip' } }],
  ['getCompressed'],
  ['getParsedCookies', { headers: { cookie: 'a=1; b=%C3%BC' } }],
  ['getRequest', { headers: { 'x-forwarded-for': '1.2.3.4', 'x-own': 'caf\u00e9' }, query: { a: 'b' } }],
  ['createJson', { body: { n: 1, text: 'ü🙂' } }],
  ['createJson', { body: { long: 'x'.repeat(3_000) } }],
  ['createJson', { body: '{"broken":', headers: { 'content-type': 'application/json' } }],
  ['createJson'],
  ['createText', { body: 'text ü' }],
  ['createRaw', { body: Buffer.from([0, 200, 255]) }],
  ['createRaw', { body: Buffer.alloc(60_000, 7) }],
  ['createRaw', { body: Buffer.alloc(0) }],
  ['updateForm', { body: 'a=1&b[]=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['createUnread', { body: { not: 'read' } }],
  ['createPiped', { body: 'piped through' }],
];

describe.each(expresses)('%s answers the same over HTTP, over the link and within the process', (_name, expressOf) => {
  let http: Service;
  let near: Service;
  beforeAll(async () => {
    const target = await startService('target', answerRoutes(expressOf), { express: expressOf });
    target.app.set('env', 'production');
    const start = (name: string, transport: 'auto' | 'http') =>
      startService(name, () => {}, { express: expressOf, retry: false, transport, peers: [target.url] });
    [http, near] = [await start('over-http', 'http'), await start('nearby', 'auto')];
    await Promise.all([http, near].map(({ micro }) => micro.ready({ services: ['target'] })));
    const reopen = shutDoors();
    await untilLinked(near, ({ target: services }) => services.getText());
    reopen();
  });
  afterAll(stopAll);

  /** All that a caller and the app's own code can see of one call. */
  async function see(from: Service, form: 'plain' | 'request', name: string, explicit: Explicit = {}) {
    logged.length = 0;
    const { params, query, body, ...options } = explicit;
    const id = 'id-of-the-call';
    const given = { ...options, headers: { ...options.headers, 'x-request-id': id } };
    const remote = from.micro.services.target[name] as never as {
      (args: unknown, options: CallOptions): Promise<unknown>;
      request(explicit: object): Promise<{ status: number; headers: Record<string, unknown>; data: unknown }>;
    };
    const before = from.micro.counters();
    let seen: unknown;
    try {
      if (form === 'plain') seen = await remote(body ?? { ...params, ...query }, given);
      else {
        const { status, headers, data } = await remote.request({ ...given, params, query, body });
        const cookie = String(headers['set-cookie'] ?? '').replace(/connect\.sid=.*?;/, 'sid');
        seen = { status, headers: { ...headers, date: typeof headers.date, 'set-cookie': cookie }, data };
      }
    } catch (error) {
      const { code, status, data, kind, retryable } = error as MeshError;
      seen = { code, status, data, kind, retryable };
    }
    const after = from.micro.counters();
    // What handlers see after the answer is out comes a moment later.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    return {
      seen,
      logged: [...logged],
      link: after.attemptsOverLink - before.attemptsOverLink,
      local: after.attemptsInProcess - before.attemptsInProcess,
    };
  }

  describe.each(['plain', 'request'] as const)('to a %s call', (form) => {
    // A plain call takes its arguments as one object.
    const cases = CASES.filter(
      ([, { body } = {}]) => form === 'request' || Object.getPrototypeOf(body ?? {}) === Object.prototype,
    );
    it.each(cases.map((one, index) => [index, ...one] as const))('%i: %s', async (_index, name, explicit) => {
      const overHttp = await see(http, form, name, explicit);
      const reopen = shutDoors();
      const overLink = await see(near, form, name, explicit);
      reopen();
      const within = await see(near, form, name, explicit);
      expect({ ...overLink, link: 0, local: 0 }).toEqual({ ...overHttp, link: 0, local: 0 });
      expect({ ...within, link: 0, local: 0 }).toEqual({ ...overHttp, link: 0, local: 0 });
      const isLarge = (explicit?.body as Buffer | undefined)?.length === 60_000;
      expect([overHttp.link, overLink.link, within.local]).toEqual(isLarge ? [0, 0, 0] : [0, 1, 1]);
      expect(near.micro.counters().linksOut).toBe(1);
    });
  });
});
