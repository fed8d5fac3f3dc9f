import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { isForbiddenKey } from '@express-micro/core';
import fc from 'fast-check';
import { z } from 'zod';
import {
  asyncParser,
  isSo,
  near,
  nearBytes,
  nearJson,
  orRefused,
  type Parser,
  parser,
  same,
} from '../../../fuzz/hostile-inputs.ts';
import { AppError } from './app-errors.ts';
import { tokenOf } from './authentication/credentials.ts';
import { CLAIMS, forge, hmac, open, SECRET } from './authentication/tokens.test-support.ts';
import { jsonBody } from './bodies/json-body.ts';
import { placeOfError } from './bodies/json-place.ts';
import { parseForm } from './bodies/parse-form.ts';
import { parseJson } from './bodies/parse-json.ts';
import { wishesOf } from './caching/cache-control.ts';
import { readQuery } from './contracts/query.ts';
import { acceptsProblem } from './failures/accepts-problem.ts';
import { notFoundHandler } from './failures/not-found-handler.ts';
import type { HttpRequest } from './middleware.ts';
import { createCursors } from './responses/cursors.ts';
import { parseHttpDate } from './responses/http-date.ts';
import { cursorLink } from './responses/page-links.ts';
import { pageOf } from './responses/page-of.ts';
import { evaluatePreconditions } from './responses/preconditions.ts';
import { readRefreshToken } from './sessions/refresh-token.ts';
import { coercionFor } from './validation/coercion.ts';
import { createPartReader } from './validation/part.ts';
import { keyFilterFor } from './validation/unknown-keys.ts';

export { failureOf } from '../../../fuzz/hostile-inputs.ts';

const MAX_DEPTH = 8;
const MAX_BYTES = 4_000;
const NOW_MS = Date.UTC(2026, 0, 31, 12);

/** What a client did wrong, by these codes and no others. */
const refusedBy =
  (...codes: readonly string[]) =>
  (error: unknown) =>
    error instanceof AppError && error.status < 500 && codes.includes(error.code);

const BAD_JSON = refusedBy('BODY_MALFORMED', 'BODY_KEY_FORBIDDEN', 'BODY_TOO_DEEP');
const BAD_FORM = refusedBy('BODY_MALFORMED', 'BODY_KEY_FORBIDDEN', 'BODY_TOO_DEEP', 'BODY_TOO_LARGE');
const INVALID = refusedBy('VALIDATION_FAILED');

const attempt = <T>(run: () => T) => orRefused(run, () => true);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).some(isForbiddenKey) || Object.values(value).some(hasForbiddenKey);
}

/** A text of base64url whose last letter is another: what a decoder may take for the same. */
const otherEnd = (text: string) =>
  fc
    .constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=')
    .map((letter) => text.slice(0, -1) + letter);

const requestOf = (given: Partial<HttpRequest>) => ({ method: 'GET', url: '/', headers: {}, ...given }) as HttpRequest;

/** A request as it comes from a socket, in pieces. */
function arriving(headers: Record<string, string>, bytes: Buffer, size: number): HttpRequest {
  const req: HttpRequest = new IncomingMessage(new Socket());
  Object.assign(req.headers, { 'content-length': String(bytes.length), ...headers });
  for (let at = 0; at < bytes.length; at += size) req.push(bytes.subarray(at, at + size));
  req.push(null);
  return req;
}

const ORDER = { sku: 'pen', count: 2, tags: ['a', 'b'], at: { lat: 1.5, lon: -3e2 }, note: 'a "quoted" \u00e9 text', none: null };
const JSON_TEXTS = near(
  JSON.stringify(ORDER),
  JSON.stringify([ORDER], null, 2),
  `${'['.repeat(9)}${']'.repeat(9)}`,
  '{"__proto__":1}',
);
const GZIPPED = gzipSync(JSON.stringify(ORDER).repeat(50));
const BOMB = gzipSync(JSON.stringify([' '.repeat(1e6)]));
const FORM = 'sku=pen&tags[]=a&tags[]=b&at[lat]=1.5&items[0][id]=1&items[1][id]=2&note=a%20b+c';

const Query = z.object({
  limit: z.number(),
  isDeep: z.boolean().optional(),
  ids: z.array(z.number()).optional(),
  tag: z.string().optional(),
});
const coerce = coercionFor(Query) as (value: unknown) => Record<string, unknown>;
const Order = z.object({
  sku: z.string(),
  at: z.object({ lat: z.number(), lon: z.number() }).optional(),
  items: z.array(z.object({ id: z.number() })).optional(),
});
const filter = keyFilterFor(Order, 'an order');
const KEYS = { sku: 'a', at: { lat: 1, lon: 2, alt: 3 }, items: [{ id: 1, price: 2 }], isPaid: true };
const judge = createPartReader(
  'body',
  z.any(),
  { maxDepth: MAX_DEPTH, maxValues: 50, unknownKeys: 'as-the-schema-does', coerce: false },
  'x',
);

const cursors = createCursors<{ id: number }>({ secret: 'a-secret-of-thirty-two-characters', scope: 'orders' });
const CURSOR = cursors.encode({ id: 7 });
const ETAGS = near('"1"', 'W/"1"', '"0", W/"1", "a,b"', '*');
const DATES = near(
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov  6 08:49:37 1994',
  'Sat, 31 Feb 2026 12:00:00 GMT',
);
const WEEK = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const { tokens } = open({ cacheSize: 50 });
const TOKEN = forge({ alg: 'HS256', typ: 'JWT' }, CLAIMS, hmac(SECRET));
const REFRESH = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKlMnOpQrStUvWxYz';

const missed = notFoundHandler({ routes: () => [{ method: 'GET', paths: ['/orders/:id'] }] });

export const PARSERS: readonly Parser[] = [
  parser('JSON body', JSON_TEXTS, (text) => {
    const value = orRefused(
      () => parseJson(text, { maxDepth: MAX_DEPTH }),
      (error) => BAD_JSON(error) && !(error as Error).message.includes(ORDER.note),
    );
    if (value === undefined) return;
    same(value, JSON.parse(text), 'read otherwise');
    isSo(depthOf(value) <= MAX_DEPTH && !hasForbiddenKey(value), 'too deep, or a forbidden key');
  }),
  parser('bytes of a JSON body', nearBytes(Buffer.from(JSON.stringify(ORDER))), (bytes) => {
    const value = orRefused(() => parseJson(bytes, { allowScalars: true }), BAD_JSON);
    // What is no UTF-8 is not mended.
    if (value !== undefined) isSo(Buffer.from(bytes.toString('utf8')).equals(bytes), 'other bytes than came');
  }),
  parser('place of an error in JSON', JSON_TEXTS, (text) => {
    const place = placeOfError(text);
    const isJson = attempt(() => [JSON.parse(text)]) !== undefined;
    isSo((place === undefined) === isJson, isJson ? 'a mistake where there is none' : 'a mistake that was not found');
    if (place === undefined) return;
    const line = text.split('\n')[place.line - 1];
    isSo(line !== undefined && place.column >= 1 && place.column <= line.length + 1, 'a place outside of the text');
    // All in front of it can begin a JSON text: with something else there, the mistake is not before that place.
    const before =
      text
        .split('\n')
        .slice(0, place.line - 1)
        .join('\n').length +
      (place.line > 1 ? 1 : 0) +
      place.column -
      1;
    const again = placeOfError(`${text.slice(0, before)}\u0001`);
    isSo(again?.line === place.line && again.column === place.column, 'a mistake further in front');
  }),
  parser('form body', near(FORM, 'a=1&a=2', '__proto__[a]=1', `a${'[b]'.repeat(9)}=1`), (text) => {
    const form = orRefused(() => parseForm(Buffer.from(text), { maxDepth: MAX_DEPTH, maxParameters: 20 }), BAD_FORM);
    if (form === undefined) return;
    isSo(depthOf(form) <= MAX_DEPTH + 1 && !hasForbiddenKey(form), 'too deep, or a forbidden key');
    const values = [...new URLSearchParams(text).values()].sort();
    same(leavesOf(form).sort(), values, 'other values than were sent');
  }),
  asyncParser(
    'body as it comes',
    fc.tuple(
      fc.oneof(
        fc.constant('application/json'),
        near('application/vnd.a+json; charset="utf-8"', 'application/json;charset=utf-16', 'text/plain'),
      ),
      fc.oneof(fc.constantFrom('gzip', 'identity'), near('gzip', 'br', 'deflate', 'gzip, gzip')),
      fc.oneof(nearBytes(Buffer.from(JSON.stringify(ORDER))), nearBytes(GZIPPED), nearBytes(BOMB), fc.constant(BOMB)),
      fc.integer({ min: 1, max: 500 }),
    ),
    async ([type, coding, bytes, size]) => {
      const req = arriving({ 'content-type': type, 'content-encoding': coding }, bytes, size);
      const error = await new Promise((resolve) =>
        jsonBody({ maxBytes: MAX_BYTES, keepRaw: true })(req, {} as never, (problem) => resolve(problem)),
      );
      const { rawBody } = req as { rawBody?: Buffer };
      if (error === undefined) isSo(req.body === undefined || depthOf(req.body) > 0, 'no body');
      else isSo(error instanceof AppError && [400, 413, 415].includes(error.status), `refused with ${String(error)}`);
      isSo(rawBody === undefined || rawBody.length <= MAX_BYTES, 'more than may be');
    },
  ),
  parser(
    'query of a contract',
    near(
      `/x?${FORM}`,
      '/x?a=1&a=2&b',
      '/x?__proto__=1',
      '/x?constructor=1',
      `/x?${'a&'.repeat(999)}`,
      `/x?${'a=1&'.repeat(1_001)}`,
    ),
    (url) => {
      const query = orRefused(() => readQuery(url), INVALID);
      if (query === undefined) return;
      const values = Object.values(query);
      isSo(!hasForbiddenKey(query), 'a forbidden key');
      isSo(
        values.every(
          (value) => typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string')),
        ),
        'no texts',
      );
      const sent = (url.split('?').slice(1).join('?') || '').split('&').filter((pair) => pair !== '').length;
      isSo(values.flat().length === sent && sent <= 1_000, 'not as many as were sent');
    },
  ),
  parser(
    'texts of a query as numbers, booleans and lists',
    fc.record({
      limit: near('20', '-2.5e1', '007', '9007199254740993', '1e999'),
      isDeep: near('true', 'false'),
      ids: fc.array(near('7')),
      tag: near('a'),
    }),
    (given) => {
      const { limit, isDeep, ids, tag } = coerce(given);
      isSo(limit === given.limit || (Number.isFinite(limit) && limit === JSON.parse(given.limit)), 'another number');
      isSo(isDeep === given.isDeep || String(isDeep) === given.isDeep, 'another answer');
      isSo(
        Array.isArray(ids) && ids.every((id, at) => id === given.ids[at] || id === JSON.parse(given.ids[at] ?? '')),
        'another list',
      );
      isSo(tag === given.tag, 'a text that was changed');
    },
  ),
  parser('unknown keys', nearJson(KEYS), (value) => {
    const stripped = filter?.strip(value);
    isSo(filter?.find(stripped, 10).length === 0, 'an unknown key that stays');
    isSo((filter?.find(value, 10).length === 0) === (JSON.stringify(stripped) === JSON.stringify(value)), 'not the same keys');
    same(
      attempt(() => Order.parse(stripped)),
      attempt(() => Order.parse(value)),
      'another order',
    );
  }),
  parser(
    'bounds of a part',
    fc.oneof(
      nearJson(ORDER),
      fc.array(fc.nat(), { minLength: 45, maxLength: 55 }),
      JSON_TEXTS.map((text) => attempt(() => JSON.parse(text))),
    ),
    (value) => {
      const judged = judge(value) as { readonly problems?: readonly unknown[] };
      const isFit = depthOf(value) <= MAX_DEPTH && !hasForbiddenKey(value) && countOf(value) <= 50;
      isSo((judged.problems === undefined) === isFit, isFit ? 'refused' : 'taken');
    },
  ),
  parser('page and limit', fc.record({ page: near('0', '1', '10000'), limit: near('0', '20', '100') }), (query) => {
    const place = orRefused(() => pageOf(query), INVALID);
    if (place === undefined) return;
    isSo(place.page === Number(query.page || 1) && place.limit === Number(query.limit || 20), 'another page');
    isSo(
      place.page >= 1 &&
        place.page <= 10_000 &&
        place.limit >= 1 &&
        place.limit <= 100 &&
        place.offset === (place.page - 1) * place.limit,
      'no such page',
    );
  }),
  parser('cursor', fc.oneof(near(CURSOR), otherEnd(CURSOR)), (text) => {
    const position = orRefused(() => cursors.decode(text), INVALID);
    isSo((position !== undefined) === (text === CURSOR), position === undefined ? 'refused' : 'taken');
  }),
  parser(
    'link to another page',
    near('/orders?state=paid&cursor=a', '//evil.example/x', '/\\evil.example', 'http://evil.example/'),
    (url) => {
      const link = cursorLink(requestOf({ originalUrl: Buffer.from(url).toString('latin1') }), { limit: 1, next: 'n' }) ?? '';
      const [, target = ''] = /^<([^<>"\s]*)>; rel="next"$/.exec(link) ?? [];
      isSo(target !== '' && new URL(target, 'http://ours.example').host === 'ours.example', `it leads elsewhere: ${link}`);
    },
  ),
  parser('date of HTTP', DATES, (text) => {
    const seconds = parseHttpDate(text, NOW_MS);
    if (seconds === undefined) return;
    const date = new Date(seconds * 1_000);
    const [, day, month = '', year = ''] = date.toUTCString().split(' ');
    const isThatDay =
      new RegExp(`(?<!\\d)0?${Number(day)}(?!\\d)`).test(text) && text.includes(month) && text.includes(year.slice(-2));
    isSo(WEEK.some((name) => text.startsWith(name)) && isThatDay, 'another day');
    isSo(parseHttpDate(date.toUTCString(), NOW_MS) === seconds, 'read again');
  }),
  parser(
    'conditions of a request',
    fc.record(
      { 'if-match': ETAGS, 'if-none-match': ETAGS, 'if-modified-since': DATES, 'if-unmodified-since': DATES },
      { requiredKeys: [] },
    ),
    (headers) => {
      const now = { etag: '"1"', lastModified: new Date(784_111_777_000) };
      for (const method of ['GET', 'PUT']) {
        const came = evaluatePreconditions(method, headers, now);
        isSo(['proceed', 'failed', ...(method === 'GET' ? ['not modified'] : [])].includes(came), `it came to ${came}`);
        // Whoever says which version is meant, and means another, changes nothing.
        const means = headers['if-match'];
        if (method === 'PUT' && means !== undefined && !/"1"|^\s*\*\s*$/.test(means)) isSo(came === 'failed', 'written over');
      }
    },
  ),
  parser(
    'Accept',
    near('application/problem+json', 'application/json;q=0.9, application/problem+json;q=0.8', '*/*'),
    (accept) => {
      isSo(!acceptsProblem(accept) || /problem\+json/i.test(accept), 'nobody has asked for it');
    },
  ),
  parser('Cache-Control of a request', near('no-cache, max-age=60', 'only-if-cached', 'max-age="5"', 'no-store'), (header) => {
    const { maxAgeSeconds, mayStore } = wishesOf({ 'cache-control': header });
    isSo(maxAgeSeconds >= 0 && (mayStore || /no-store/i.test(header)), 'no wish');
  }),
  parser('path that nobody answers', near('/orders/7', '/orders/%zz', '/orders/7/', '//orders/7'), (url) => {
    let error: unknown;
    missed(requestOf({ method: 'POST', url }), {} as never, (problem) => {
      error = problem;
    });
    isSo(error instanceof AppError && [404, 405].includes(error.status) && error.message.length < 400, 'no answer');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    isSo(!/[\u0000-\u001f\u007f]/.test((error as Error).message), 'a control character');
  }),
  asyncParser('token', fc.oneof(near(TOKEN), otherEnd(TOKEN)), async (token) => {
    const principal = await tokens.verify(token).then(
      ({ id }) => id,
      (error: unknown) => isSo((error as AppError).status === 401, `refused with ${String(error)}`),
    );
    isSo((principal === CLAIMS.sub) === (token === TOKEN), principal === undefined ? 'refused' : 'taken');
  }),
  parser(
    'where a token stands',
    fc.record(
      { authorization: near(`Bearer ${REFRESH}`, 'bearer x', 'Basic x'), cookie: near(`a=1; token=${REFRESH}; b`) },
      { requiredKeys: [] },
    ),
    (headers) => {
      const token = tokenOf(requestOf({ headers, url: '/?token=a' }), { cookie: 'token', query: undefined });
      isSo(token === undefined || Object.values(headers).some((text) => text?.includes(token)), 'a token that was not sent');
      if (/^bearer /i.test(headers.authorization ?? ''))
        isSo(
          headers.authorization?.endsWith(token ?? '-') === true || token === headers.authorization?.slice(7).trim(),
          'another one than the header has',
        );
    },
  ),
  parser('refresh token', near(REFRESH), (text) => {
    const token = readRefreshToken(text);
    if (token !== undefined) isSo(token.text === text, 'two texts for one token');
  }),
];

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + 1 + countOf(each), 0);
}

function leavesOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(value as object).flatMap(leavesOf);
}
