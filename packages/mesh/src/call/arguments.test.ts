import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../errors.ts';
import { type FoundRoute, nameRoutes } from '../routes/naming.ts';
import { type BuiltRequest, type ExplicitRequest, type RequestOptions, toRequest, toRequestExplicit } from './arguments.ts';

const table = nameRoutes([
  { method: 'GET', paths: ['/users/:id'] },
  { method: 'GET', paths: ['/users'] },
  { method: 'POST', paths: ['/users'] },
  { method: 'PUT', paths: ['/users/:id'] },
  { method: 'DELETE', paths: ['/users/:id'] },
  { method: 'POST', paths: ['/orders/:id/cancel'] },
  { method: 'GET', paths: ['/users/:userId/orders'] },
  { method: 'GET', paths: ['/users/:userId/orders/:orderId'] },
  { method: 'GET', paths: ['/pens/:id/:colour', '/pens/:id', '/cups/:cupId'], handler: 'pick' },
  { method: 'GET', paths: ['/open', '/open/:id'], handler: 'open' },
  { method: 'GET', paths: ['/files/*path'] },
  { method: 'ALL', paths: ['/any'], handler: 'handleAny' },
  { method: 'PURGE', paths: ['/caches'] },
  { method: 'GET', paths: ['/odd/:valueOf', '/odd'], handler: 'odd' },
]);

function found(name: string): FoundRoute {
  const hit = table.find(name);
  if (hit?.kind !== 'route') throw new Error(`no route ${name}`);
  return hit;
}

function short(name: string, args?: unknown, options?: RequestOptions): BuiltRequest {
  return toRequest(found(name), name, args, options);
}

function explicit(name: string, request: ExplicitRequest, options?: RequestOptions): BuiltRequest {
  return toRequestExplicit(found(name), name, request, options);
}

const json = { 'content-type': 'application/json' };

describe('the short form', () => {
  it('puts path parameters first, and what is left into the query or the JSON body', () => {
    expect(short('getUser', { id: 7, fields: 'a b' })).toEqual({
      method: 'GET',
      path: '/users/7',
      query: 'fields=a%20b',
      body: undefined,
      headers: {},
    });
    expect(short('deleteUser', { id: 7, soft: true })).toMatchObject({
      method: 'DELETE',
      path: '/users/7',
      query: 'soft=true',
      body: undefined,
    });
    expect(short('updateUser', { id: 7, name: 'Ann', tags: [{ a: 1 }] })).toEqual({
      method: 'PUT',
      path: '/users/7',
      query: '',
      body: '{"name":"Ann","tags":[{"a":1}]}',
      headers: json,
    });
    expect(short('createUser', { name: 'Ann' })).toMatchObject({ path: '/users', body: '{"name":"Ann"}' });
    expect(short('purgeCaches', { key: 'x' })).toMatchObject({ method: 'PURGE', query: '', body: '{"key":"x"}' });
  });

  it('sends an empty object where all arguments went into the path, and no body where there were none', () => {
    expect(short('createOrderCancel', { id: 7 })).toMatchObject({ body: '{}', headers: json });
    expect(short('createUser')).toEqual({ method: 'POST', path: '/users', query: '', body: undefined, headers: {} });
    expect(short('createUser', {})).toMatchObject({ body: '{}' });
    expect(short('getUsers')).toMatchObject({ path: '/users', query: '' });
  });

  it("leaves the caller's object as it was", () => {
    const args = Object.freeze({ id: 7, name: 'Ann' });
    short('updateUser', args);
    expect(args).toEqual({ id: 7, name: 'Ann' });
  });

  it('takes the first path whose parameters are all given', () => {
    expect(short('pick', { id: 1, colour: 'red', x: 2 })).toMatchObject({ path: '/pens/1/red', query: 'x=2' });
    expect(short('pick', { id: 1, colour: undefined })).toMatchObject({ path: '/pens/1', query: '' });
    expect(short('pick', { cupId: 3 }).path).toBe('/cups/3');
    expect(short('open', { id: 3 })).toMatchObject({ path: '/open', query: 'id=3' });
    expect(short('odd', {}).path).toBe('/odd');
    expect(short('getFile', { path: ['a', 'b'] }).path).toBe('/files/a/b');
  });

  it('says what is missing, and what was perhaps meant for it', () => {
    expect(() => short('getUser', { ID: 7 })).toThrow('getUser needs "id" for GET /users/:id. Is "ID" meant for it?');
    expect(() => short('getUser')).toThrow('getUser needs "id" for GET /users/:id.');
    expect(() => short('pick', {})).toThrow(
      'pick needs "id" and "colour", or "id", or "cupId" for GET /pens/:id/:colour or /pens/:id or /cups/:cupId.',
    );
    expect(() => short('getUser', Object.create({ id: 1 }))).toThrow(/plain object/);
    expect(() => short('getUser', { id: null })).toThrow(/cannot be null/);
    expect(() => short('getUser', { id: '..' })).toThrow(/cannot be "\.\."/);
  });

  it('takes nothing but a plain object', () => {
    class User {
      name = 'Ann';
    }
    for (const args of [
      null,
      [],
      [{ a: 1 }],
      'x',
      7,
      true,
      () => 1,
      new User(),
      new Map(),
      new Date(),
      Buffer.from('x'),
      new URLSearchParams(),
    ]) {
      expect(() => short('createUser', args)).toThrow(/takes a plain object of arguments/);
    }
    expect(short('createUser', Object.assign(Object.create(null), { a: 1 })).body).toBe('{"a":1}');
    expect(short('createUser', runInNewContext('({ a: 1 })')).body).toBe('{"a":1}');
  });

  it('is refused where the plural of a collection gets the parameters of the item', () => {
    expect(() => short('getUsers', { id: 7 })).toThrow(
      'getUsers with "id" could be GET /users or GET /users/:id. For the first use getUsers.request({ query }), for the second getUser.',
    );
    expect(short('getUsers', { page: 7 }).query).toBe('page=7');
    expect(short('getUsers', { id: undefined }).query).toBe('');
    expect(short('listUsers', { id: 7 }).query).toBe('id=7');
    expect(short('getUserOrders', { userId: 1 }).path).toBe('/users/1/orders');
    expect(() => short('getUserOrders', { userId: 1, orderId: 2 })).toThrow(/for the second getUserOrder\./);
    expect(explicit('getUsers', { query: { id: 7 } }).query).toBe('id=7');
  });
});

describe('the query', () => {
  it('has scalars, dates and lists of them, and leaves out what is undefined', () => {
    const args = { a: 'ä&=', b: -0.5, c: 12n, d: false, e: new Date(0), f: undefined, 'g[]': ['x', 1, new Date(0)], h: '' };
    expect(short('getUsers', args).query).toBe(
      'a=%C3%A4%26%3D&b=-0.5&c=12&d=false&e=1970-01-01T00%3A00%3A00.000Z&g%5B%5D=x&g%5B%5D=1&g%5B%5D=1970-01-01T00%3A00%3A00.000Z&h=',
    );
  });

  it.each([
    ['null', null, /it is null\. Leave it out/],
    ['an object', { a: 1 }, /it is an object\. .* f\.request\(\{ body \}\)/],
    ['a list in a list', [['x']], /it is an array/],
    ['null in a list', ['x', null], /it is null/],
    ['a hole in a list', Array(2), /it is undefined/],
    ['an empty list', [], /leave it out/],
    ['NaN', Number.NaN, /finite/],
    ['a number past 2^53', 2 ** 60, /past 2\^53/],
    ['a function', () => 1, /a function/],
    ['a symbol', Symbol('x'), /a symbol/],
    ['an invalid Date', new Date(Number.NaN), /invalid Date/],
    ['half a surrogate pair', '\ud800', /surrogate/],
  ])('cannot say %s', (_title, value, reason) => {
    expect(() => short('getUsers', { filter: value })).toThrow(reason);
    expect(() => short('getUsers', { filter: value })).toThrow(/^getUsers: "filter" cannot go into the query/);
  });

  it('comes back as it was sent', () => {
    const value = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.dictionary(value, fc.array(value, { minLength: 1 })), (args) => {
        const pairs = Object.entries(args).flatMap(([key, values]) => values.map((each) => [key, each]));
        try {
          expect([...new URLSearchParams(short('listUsers', args).query)]).toEqual(pairs);
        } catch (error) {
          return error instanceof MeshError && /reach into/.test(error.message);
        }
        return true;
      }),
    );
  });
});

describe('keys that reach into objects', () => {
  const evil = ['{"__proto__":{"a":1}}', '{"constructor":1}', '{"prototype":1}'];

  it.each(evil)('%s is refused at any depth', (text) => {
    const args = JSON.parse(text);
    for (const call of [
      () => short('getUsers', args),
      () => short('getUser', { id: 1, ...Object.fromEntries(Object.entries(args)) }),
      () => short('createUser', args),
      () => short('updateUser', Object.defineProperty({ id: 1 }, Object.keys(args)[0] ?? '', { value: 1, enumerable: true })),
      () => short('createUser', { a: [{ b: args }] }),
      () => short('createUser', { a: { toJSON: () => args } }),
      () => explicit('createUser', { body: [args] }),
      () => explicit('getUsers', { query: args }),
      () => explicit('getUsers', { params: args }),
    ]) {
      let error: unknown;
      try {
        call();
      } catch (thrown) {
        error = thrown;
      }
      // A spread of `__proto__` sets the prototype, and the object is no plain one any more.
      expect(error).toBeInstanceOf(MeshError);
    }
  });

  it('are no harm as values', () => {
    const harmless = { a: '__proto__', b: '"__proto__":', c: ['constructor', '"prototype":1'], prototypes: 1 };
    expect(short('createUser', harmless).body).toBe(JSON.stringify(harmless));
  });
});

describe('a JSON body', () => {
  it('that cannot be written is a clear error', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(() => short('createUser', { n: 1n })).toThrow(/cannot be written as JSON: .*BigInt.*; give it as a string/);
    expect(() => short('createUser', circle)).toThrow(
      /^createUser: the body cannot be written as JSON: Converting circular structure to JSON\.$/,
    );
    expect(() => explicit('createUser', { body: () => 1 })).toThrow(/a function cannot be written as JSON/);
    expect(() => explicit('createUser', { body: Symbol('x') })).toThrow(/a symbol cannot be written/);
  });
});

describe('app.all', () => {
  it('means GET under its own name, unless the call says otherwise', () => {
    expect(short('handleAny', { a: 1 })).toMatchObject({ method: 'GET', query: 'a=1' });
    expect(short('handleAny', { a: 1 }, { method: 'post' })).toMatchObject({ method: 'POST', body: '{"a":1}' });
    expect(explicit('handleAny', { body: 1 }, { method: 'PATCH' })).toMatchObject({ method: 'PATCH', body: '1' });
    expect(short('deleteAny')).toMatchObject({ method: 'DELETE' });
  });

  it('alone takes a method', () => {
    expect(short('getUsers', {}, { method: 'GET' }).method).toBe('GET');
    expect(() => short('getUsers', {}, { method: 'POST' })).toThrow(
      /getUsers is GET \/users: the option "method" cannot make it POST/,
    );
    for (const method of ['', 'GE T', 'GET\r\n', 'CONNECT', 'TRACE', 7 as never]) {
      expect(() => short('handleAny', {}, { method })).toThrow(/the option "method" cannot be/);
    }
  });
});

describe('the explicit form', () => {
  it('puts everything where the caller says', () => {
    expect(
      explicit('updateUser', { params: { id: 7 }, query: { dry: true }, body: { id: 8 }, headers: { 'X-Trace': 'on' } }),
    ).toEqual({
      method: 'PUT',
      path: '/users/7',
      query: 'dry=true',
      body: '{"id":8}',
      headers: { 'x-trace': 'on', ...json },
    });
    expect(explicit('getUsers', {})).toEqual({ method: 'GET', path: '/users', query: '', body: undefined, headers: {} });
    expect(explicit('getUsers', { query: new URLSearchParams('a=1&a=2') }).query).toBe('a=1&a=2');
    expect(explicit('getUsers', { body: { a: null } }).body).toBe('{"a":null}');
  });

  it('sends a body of any kind with its type', () => {
    const stream = Readable.from(['x']);
    const bytes = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
    const kinds = [
      [[1, 2], '[1,2]', 'application/json'],
      [null, 'null', 'application/json'],
      [false, 'false', 'application/json'],
      ['text', 'text', 'text/plain; charset=utf-8'],
      ['', '', 'text/plain; charset=utf-8'],
      [bytes, Buffer.from([2, 3]), 'application/octet-stream'],
      [new URLSearchParams({ a: 'b c' }), 'a=b+c', 'application/x-www-form-urlencoded'],
      [stream, stream, 'application/octet-stream'],
    ] as const;
    for (const [body, sent, type] of kinds) {
      const built = explicit('createUser', { body });
      expect(built.body).toEqual(sent);
      expect(built.headers).toEqual({ 'content-type': type });
    }
    expect(explicit('createUser', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } }).headers).toEqual({
      'content-type': 'text/xml',
    });
    for (const body of [new Blob(['x']), new FormData(), new ReadableStream(), new ArrayBuffer(1)]) {
      expect(() => explicit('createUser', { body })).toThrow(/the body cannot be a (Blob|FormData|ReadableStream|ArrayBuffer)/);
    }
  });

  it('refuses a parameter that the path does not have', () => {
    expect(() => explicit('getUser', { params: { id: 1, idd: 2 } })).toThrow(
      'getUser: GET /users/:id has no parameter "idd". Did you mean "id"?',
    );
    expect(() => explicit('getUser', { params: {} })).toThrow(/needs "id"/);
    expect(() => explicit('getUser', { params: [1] as never })).toThrow(/"params" takes a plain object/);
    expect(() => explicit('getUsers', { query: 'a=1' as never })).toThrow(/"query" takes a plain object/);
  });
});

describe('headers', () => {
  it('come from the options and from the explicit form, which wins', () => {
    expect(short('getUsers', {}, { headers: { Accept: 'text/plain', 'X-A': undefined } }).headers).toEqual({
      accept: 'text/plain',
    });
    expect(explicit('getUsers', { headers: { ACCEPT: 'b' } }, { headers: { accept: 'a', x: ' y ' } }).headers).toEqual({
      accept: 'b',
      x: 'y',
    });
  });

  const reserved = [
    'host',
    'Content-Length',
    'transfer-encoding',
    'Connection',
    'keep-alive',
    'te',
    'trailer',
    'upgrade',
    'expect',
  ];
  it.each([
    ...reserved,
    'proxy-authorization',
    'Express-Micro-Caller',
    'signature',
    'Signature-Input',
    'content-digest',
    '__proto__',
  ])('%s is not for callers', (name) => {
    const headers = JSON.parse(JSON.stringify({ x: 'y' }).replace('x', name));
    expect(() => short('getUsers', {}, { headers })).toThrow(/belongs to the connection or to the mesh/);
    expect(() => explicit('getUsers', { headers })).toThrow(/belongs to the connection or to the mesh/);
  });

  it.each([
    [{ 'a b': 'x' }, /is not the name of a header/],
    [{ '': 'x' }, /is not the name of a header/],
    [{ 'a\r\nb': 'x' }, /is not the name of a header/],
    [{ ä: 'x' }, /is not the name of a header/],
    [{ a: 'x\r\nhost: evil' }, /one line of Latin-1/],
    [{ a: 'x\n' }, /one line of Latin-1/],
    [{ a: '\0' }, /one line of Latin-1/],
    [{ a: '日本' }, /one line of Latin-1/],
    [{ a: ['x'] }, /takes one text, not an array/],
    [{ a: null }, /takes one text, not null/],
    [{ a: '1', A: '2' }, /given twice/],
    [[], /takes a plain object/],
    ['a: b', /takes a plain object/],
  ])('%j is refused', (headers, reason) => {
    expect(() => short('getUsers', {}, { headers: headers as never })).toThrow(reason);
  });
});

describe('every refusal', () => {
  it('is a MeshError of one code, whatever the arguments are', () => {
    const names = table.names();
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withTypedArray: true, withMap: true }),
        (name, args) => {
          for (const build of [
            () => short(name, args),
            () => short(name, { id: 'x', args }),
            () => explicit(name, { params: { id: 'x' }, body: args }),
          ]) {
            try {
              build();
            } catch (error) {
              if (!(error instanceof MeshError) || error.code !== 'MESH_ARGUMENT_INVALID') throw error;
            }
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
