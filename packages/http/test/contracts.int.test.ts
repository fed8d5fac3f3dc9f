import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  ConflictError,
  type ContractOptions,
  ForbiddenError,
  type HttpRequest,
  type IdentifyingMiddleware,
  NotFoundError,
  reply,
  route,
  routes,
  UnauthorizedError,
} from '../src/index.ts';
import { ask, frameworks, type Served, stopServers } from './frameworks.test-support.ts';

const Order = z.object({ id: z.number(), createdAt: z.date() });
const ID = { 'x-request-id': 'one-id' };

const needsToken: IdentifyingMiddleware = (req, _res, next) => {
  if (req.headers.authorization === undefined) return next(new UnauthorizedError());
  req.principal = { kind: 'user', id: 'u-1', roles: [], permissions: [] };
  next();
};
const seenByGuard: unknown[] = [];

let whenGone: (reason: unknown) => void = () => {};
let whenStarted: () => void = () => {};
let whenClosed: () => void = () => {};
let headSeen: Promise<void> | undefined;

const table = routes({
  getOrders: route(
    {
      method: 'GET',
      path: '/users/:userId/orders',
      params: z.object({ userId: z.number() }),
      query: z.object({ limit: z.number().default(20), tag: z.array(z.string()).optional(), deep: z.boolean().optional() }),
    },
    async ({ params, query, requestId, headers }) => ({ ...params, ...query, requestId, agent: typeof headers['user-agent'] }),
  ),
  createOrder: route(
    {
      method: 'POST',
      path: '/orders',
      body: z.object({ sku: z.string(), count: z.number().min(1).default(1) }),
      status: 201,
      response: Order,
      errors: {
        OUT_OF_STOCK: { status: 409, data: z.object({ sku: z.string() }) },
        CLOSED: { status: 503, message: 'We are closed' },
      },
    },
    ({ body, errors }) => {
      if (body.sku === 'none') throw errors.OUT_OF_STOCK({ sku: body.sku });
      if (body.sku === 'closed') throw errors.CLOSED();
      if (body.sku === 'exists') throw new ConflictError('There is one already');
      return reply({ id: body.count, createdAt: new Date(0) }, { headers: { Location: '/orders/1' } });
    },
  ),
  getSecret: route({ method: 'GET', path: '/secret', use: [needsToken] }, ({ principal }) => ({ by: principal.id })),
  asyncGuard: route(
    {
      method: 'POST',
      path: '/guarded/:id',
      body: z.object({ a: z.number() }),
      use: [
        async (req: HttpRequest) => {
          seenByGuard.push([req.body, req.query, req.params, req.originalUrl, typeof req.ip]);
          throw new ForbiddenError();
        },
      ],
    },
    () => 'never',
  ),
  answeringGuard: route(
    {
      method: 'GET',
      path: '/teapot',
      use: [
        (_req: HttpRequest, res: { writeHead: (status: number) => { end: (text: string) => void } }) =>
          res.writeHead(418).end('short and stout'),
      ],
    },
    () => 'never',
  ),
  getMe: route({ method: 'GET', path: '/users/me' }, () => ({ user: 'me' })),
  getUser: route({ method: 'GET', path: '/users/:id' }, ({ params }) => ({ user: params.id })),
  nothing: route({ method: 'DELETE', path: '/orders/:id' }, async () => {}),
  accepted: route({ method: 'POST', path: '/accepted', status: 202 }, () => undefined),
  nullData: route({ method: 'GET', path: '/null' }, () => null),
  text: route({ method: 'GET', path: '/text' }, () => 'a "text"'),
  plainText: route({ method: 'GET', path: '/plain' }, () => reply('plain', { headers: { 'content-type': 'text/plain' } })),
  bytes: route({ method: 'GET', path: '/bytes' }, () => new Uint8Array([65, 66])),
  bytesOut: route({ method: 'GET', path: '/stream' }, () =>
    Readable.from([Buffer.from('ab'), Buffer.from('c')], { objectMode: false }),
  ),
  items: route({ method: 'GET', path: '/items' }, async function* () {
    yield { n: 1 };
    yield { n: 2 };
  }),
  endless: route({ method: 'GET', path: '/endless' }, async function* () {
    try {
      for (;;) {
        yield { text: 'x'.repeat(10_000) };
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      whenClosed();
    }
  }),
  breaking: route({ method: 'GET', path: '/breaking' }, async function* () {
    yield { n: 1 };
    await headSeen;
    throw new Error('in the middle');
  }),
  brokenAtOnce: route({ method: 'GET', path: '/broken-at-once' }, async function* () {
    await Promise.resolve();
    if (seenByGuard.length >= 0) throw new Error('before the first');
    yield 1;
  }),
  raw: route({ method: 'GET', path: '/raw' }, ({ raw }) => void raw.res.writeHead(206, { 'x-own': '1' }).end('own')),
  defect: route({ method: 'GET', path: '/defect' }, () => {
    throw new TypeError('the inside of it');
  }),
  cached: route(
    {
      method: 'GET',
      path: '/cached',
      use: [
        (_req, res, next) => {
          res.setHeader('cache-control', 'public, max-age=60');
          res.setHeader('etag', '"one"');
          res.setHeader('vary', 'origin');
          next();
        },
      ],
    },
    () => Promise.reject(new NotFoundError('No such order')),
  ),
  nothingThrown: route({ method: 'GET', path: '/undefined' }, () => Promise.reject()),
  notFound: route({ method: 'GET', path: '/missing' }, () => Promise.reject(new NotFoundError('No such order'))),
  unwritable: route({ method: 'GET', path: '/unwritable' }, () => ({ big: 1n })),
  badHeader: route({ method: 'GET', path: '/bad-header' }, () => reply(1, { headers: { 'x-a': 'a\nb' } })),
  leaking: route({ method: 'GET', path: '/leaking', response: z.object({ id: z.number() }) }, () => ({ id: 1, hash: 'secret' })),
  wrong: route({ method: 'GET', path: '/wrong', response: z.array(z.object({ id: z.number() })) }, () => [
    { id: 'x' as unknown as number },
  ]),
  waits: route({ method: 'GET', path: '/waits' }, async ({ signal }) => {
    whenStarted();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    whenGone(signal.reason);
  }),
});

/** Everything that may differ between frameworks and means nothing. */
const telling = ({ status, body, headers }: Awaited<ReturnType<typeof ask>>) => ({
  status,
  body,
  type: headers.get('content-type'),
  location: headers.get('location'),
  id: headers.get('x-request-id'),
});

const invalid = (errors: unknown) => ({
  status: 'error',
  message: 'Validation failed',
  code: 'VALIDATION_FAILED',
  requestId: 'one-id',
  errors,
});
const failed = (code: string, message: string, data?: unknown) => ({
  status: 'error',
  message,
  code,
  requestId: 'one-id',
  ...(data !== undefined && { data }),
});
const defect = failed('INTERNAL', 'Internal Server Error');
const json = 'application/json; charset=utf-8';

const good: readonly (readonly [string, string, Parameters<typeof ask>[2], number, unknown, string?])[] = [
  [
    'params and query are what their schemas say',
    '/users/7/orders',
    {},
    200,
    { userId: 7, limit: 20, requestId: 'one-id', agent: 'string' },
  ],
  [
    'texts of a query become what the schema takes, and one is a list of one',
    '/users/7/orders?limit=5&tag=a&deep=true',
    {},
    200,
    { userId: 7, limit: 5, tag: ['a'], deep: true, requestId: 'one-id', agent: 'string' },
  ],
  ['a repeated name is a list', '/users/7/orders?tag=a&tag=b%20c', {}, 200, expect.objectContaining({ tag: ['a', 'b c'] })],
  [
    'a body is read, and defaults are filled in',
    '/orders',
    { json: { sku: 'pen' } },
    201,
    { id: 1, createdAt: '1970-01-01T00:00:00.000Z' },
  ],
  ['a guard tells who calls', '/secret', { headers: { authorization: 'x' } }, 200, { by: 'u-1' }],
  ['a guard answers by itself', '/teapot', {}, 418, 'short and stout'],
  ['text stands before a parameter', '/users/me', {}, 200, { user: 'me' }],
  ['a parameter takes everything else', '/users/a%2Fb', {}, 200, { user: 'a/b' }],
  ['nothing is 204', '/orders/7', { method: 'DELETE' }, 204, undefined],
  ['a status of its own without data', '/accepted', { method: 'POST' }, 202, undefined],
  ['null is JSON', '/null', {}, 200, null, json],
  ['a text is JSON', '/text', {}, 200, 'a "text"', json],
  ['a text with a type is a text', '/plain', {}, 200, 'plain', 'text/plain'],
  ['bytes', '/bytes', {}, 200, 'AB', 'application/octet-stream'],
  ['a stream of bytes', '/stream', {}, 200, 'abc', 'application/octet-stream'],
  ['a stream of things', '/items', {}, 200, '{"n":1}\n{"n":2}\n', 'application/x-ndjson; charset=utf-8'],
  ['HEAD of a stream without an end ends', '/endless', { method: 'HEAD' }, 200, undefined, 'application/x-ndjson; charset=utf-8'],
  ['HEAD is answered by GET', '/users/me', { method: 'HEAD' }, 200, undefined, json],
];

const bad: readonly (readonly [string, string, Parameters<typeof ask>[2], number, unknown])[] = [
  [
    'everything that is wrong is said at once',
    '/users/x/orders?limit=many',
    {},
    400,
    invalid([
      { field: 'userId', message: expect.stringContaining('number'), in: 'params' },
      { field: 'limit', message: expect.stringContaining('number'), in: 'query' },
    ]),
  ],
  [
    'a field of a body',
    '/orders',
    { json: { sku: 'a', count: 0 } },
    400,
    invalid([expect.objectContaining({ field: 'count', in: 'body' })]),
  ],
  ['no body', '/orders', { method: 'POST' }, 400, invalid([expect.objectContaining({ field: '', in: 'body' })])],
  [
    'a body of another type',
    '/orders',
    { method: 'POST', body: 'x' },
    415,
    failed('MEDIA_TYPE_UNSUPPORTED', expect.any(String) as never),
  ],
  [
    'a type that is none',
    '/orders',
    { method: 'POST', body: 'x', headers: { 'content-type': 'nonsense' } },
    415,
    failed('MEDIA_TYPE_UNSUPPORTED', expect.any(String) as never),
  ],
  [
    'malformed JSON',
    '/orders',
    { method: 'POST', body: '{"sku":', headers: { 'content-type': 'application/json' } },
    400,
    expect.objectContaining({ code: 'BODY_MALFORMED' }),
  ],
  ['a large body', '/orders', { json: { sku: 'x'.repeat(3_000) } }, 413, expect.objectContaining({ code: 'BODY_TOO_LARGE' })],
  [
    'a key that reaches a prototype',
    '/orders',
    { method: 'POST', body: '{"sku":"a","__proto__":{"count":5}}', headers: { 'content-type': 'application/json' } },
    400,
    expect.objectContaining({ status: 'error' }),
  ],
  ['such a name in a query', '/users/7/orders?__proto__=1', {}, 400, invalid([expect.objectContaining({ in: 'query' })])],
  [
    'a query of a thousand and one',
    `/users/7/orders?${'a&'.repeat(1_000)}a`,
    {},
    400,
    invalid([expect.objectContaining({ in: 'query' })]),
  ],
  [
    'a declared error with its data',
    '/orders',
    { json: { sku: 'none' } },
    409,
    failed('OUT_OF_STOCK', 'Out of stock', { sku: 'none' }),
  ],
  ['a declared error with its text', '/orders', { json: { sku: 'closed' } }, 503, failed('CLOSED', 'We are closed')],
  ['an error of the family', '/orders', { json: { sku: 'exists' } }, 409, failed('CONFLICT', 'There is one already')],
  ['an error by a rejected promise', '/missing', {}, 404, failed('NOT_FOUND', 'No such order')],
  ['a guard that refuses', '/secret', {}, 401, failed('UNAUTHORIZED', 'Authentication required')],
  ['an asynchronous guard that refuses', '/guarded/5?q=1', { json: { a: 1 } }, 403, failed('FORBIDDEN', 'Not allowed')],
  ['a defect tells nothing', '/defect', {}, 500, defect],
  ['a stream that breaks before its first item', '/broken-at-once', {}, 500, defect],
  ['nothing was thrown', '/undefined', {}, 500, defect],
  ['what JSON cannot write', '/unwritable', {}, 500, defect],
  ['a header that HTTP does not have', '/bad-header', {}, 500, defect],
  ['an answer that is not what its schema says', '/wrong', {}, 500, defect],
  ['an answer of which the schema drops something', '/leaking', {}, 500, defect],
];

describe.each(frameworks)('contracts on %s', (framework, serve) => {
  let server: Served;
  const options: ContractOptions = { maxBodyBytes: 2_000 };
  beforeAll(async () => {
    server = await serve(table, options);
  });
  afterAll(stopServers);

  it.each(good.map((row) => [row[0], row] as const))('%s', async (_what, [, path, init, status, body, type]) => {
    const answer = telling(await ask(server, path, { ...init, headers: { ...ID, ...init?.headers } }));
    expect(answer).toMatchObject({ status });
    expect(answer.body).toEqual(body);
    if (type !== undefined) expect(answer.type).toBe(type);
  });

  it.each(bad)('%s', async (_what, path, init, status, body) => {
    const answer = telling(await ask(server, path, { ...init, headers: { ...ID, ...init?.headers } }));
    expect(answer).toEqual({ status, body, type: json, location: null, id: 'one-id' });
  });

  it('a reply has headers of its own', async () => {
    expect((await ask(server, '/orders', { json: { sku: 'pen' } })).headers.get('location')).toBe('/orders/1');
  });

  it('who answers by Node’s response returns nothing', async () => {
    const { status, body, headers } = await ask(server, '/raw');
    expect([status, body, headers.get('x-own')]).toEqual([206, 'own', '1']);
  });

  it('a failure takes nothing along of what a guard has said of the content', async () => {
    const { status, headers } = await ask(server, '/cached');
    const seen = ['cache-control', 'etag', 'vary'].map((name) => headers.get(name));
    expect([status, ...seen]).toEqual([404, null, null, 'origin, Accept']);
  });

  it('guards see body, query, parameters and the address as it was written', async () => {
    seenByGuard.length = 0;
    await ask(server, '/guarded/5?q=1', { json: { a: 1 } });
    expect(seenByGuard).toEqual([
      [{ a: 1 }, expect.objectContaining({ q: '1' }), expect.objectContaining({ id: '5' }), '/guarded/5?q=1', 'string'],
    ]);
  });

  it('the signal says when the caller has gone', async () => {
    const started = new Promise<void>((resolve) => (whenStarted = resolve));
    const gone = new Promise<unknown>((resolve) => (whenGone = resolve));
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /waits HTTP/1.1\r\nhost: a\r\n\r\n');
    await started;
    socket.destroy();
    expect(await gone).toBeInstanceOf(Error);
  });

  it('a stream ends when the caller goes away', async () => {
    const closed = new Promise<void>((resolve) => (whenClosed = resolve));
    const controller = new AbortController();
    const response = await fetch(`${server.url}/endless`, { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await closed;
  });

  it('a stream that breaks cannot look like a whole one', async () => {
    let seen: () => void = () => {};
    headSeen = new Promise((resolve) => (seen = resolve));
    const response = await fetch(`${server.url}/breaking`);
    expect(response.status).toBe(200);
    seen();
    await expect(response.text()).rejects.toThrow();
    // Fastify tells its own log of it.
    if (framework !== 'Fastify') expect(server.errors.at(-1)).toMatchObject({ message: 'in the middle' });
  });
});

it('the same requests get the same bytes on every framework', async () => {
  const servers = await Promise.all(frameworks.map(([, serve]) => serve(table, { maxBodyBytes: 2_000 })));
  let compared = 0;
  const requests = [good, bad].flatMap((table): { what: string; path: string; init: Parameters<typeof ask>[2] }[] =>
    table.map(([what, path, init]) => ({ what, path, init })),
  );
  for (const { what, path, init } of requests) {
    const given = { ...init, headers: { ...ID, ...init?.headers } };
    const answers = await Promise.all(servers.map(async (server) => telling(await ask(server, path, given))));
    for (const answer of answers) expect(answer, what).toEqual(answers[0]);
    compared += 1;
  }
  await stopServers();
  expect(compared).toBe(good.length + bad.length);
});
