import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  casesFor,
  expectParity,
  type ParityCase,
  shutDoors,
  untilLinked,
} from '../../../test/together/link-parity.test-support.ts';
import { answerRoutes, logged } from './answer-routes.test-support.ts';
import { expresses, type Service, startService, stopAll } from './fleet.test-support.ts';

/** Functions of the routes, each with what it is called with. */
const CASES: readonly ParityCase[] = [
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

  describe.each(['plain', 'request'] as const)('to a %s call', (form) => {
    it.each(casesFor(form, CASES))('%i: %s', async (_index, name, explicit) => {
      await expectParity({ http, near }, 'target', form, [name, explicit], logged);
    });
  });
});
