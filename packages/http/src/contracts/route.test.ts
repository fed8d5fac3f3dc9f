import { routeNameOf } from '@express-micro/core';
import { type } from 'arktype';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fastifyRoutes } from './fastify-routes.ts';
import { mountRoutes } from './mount-routes.ts';
import { byMatching, readPath } from './path.ts';
import { isReply, reply } from './reply.ts';
import { route } from './route.ts';
import { routes } from './routes.ts';

const handler = () => 1;
/** Definitions as JavaScript may write them. */
const define = (definition: unknown, given: unknown = handler) => route(definition as never, given as never);

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

describe('a route is refused where it is defined', () => {
  const paths: readonly (readonly [unknown, RegExp])[] = [
    ['orders', /begins with "\/"/],
    [5, /begins with "\/"/],
    ['/orders/', /"\/" at its end/],
    ['//orders', /empty segment/],
    ['/files/*rest', /"\*rest" is neither text/],
    ['/files/*', /neither text/],
    ['/users/:id?', /":id\?" is neither/],
    ['/users{/:id}', /neither text/],
    ['/:from-:to', /":from-:to" is neither/],
    ['/users/:id(\\d+)', /neither text/],
    ['/a b', /neither text/],
    ['/a%20b', /neither text/],
    ['/a/../b', /"\.\." is neither/],
    ['/a/:constructor', /cannot be called "constructor"/],
    ['/a/:id/b/:id', /two parameters are called "id"/],
    ['/a?b=1', /neither text/],
  ];
  it.each(paths)('the path %j', (path, why) => {
    const message = refusal(() => define({ method: 'GET', path }));
    expect(message).toMatch(/^HTTP_CONTRACT_INVALID: The path of /);
    expect(message).toMatch(why);
  });

  const definitions: readonly (readonly [string, unknown, RegExp])[] = [
    ['no definition', undefined, /^HTTP_CONTRACT_INVALID: route\(\) takes a definition first/],
    ['a method in small letters', { method: 'get', path: '/a' }, /^HTTP_CONTRACT_INVALID: The method of get \/a cannot be "get"/],
    [
      'an unknown option',
      { method: 'GET', path: '/a', respnse: z.string() },
      /^HTTP_CONTRACT_INVALID: GET \/a has the unknown option "respnse"/,
    ],
    ['a body on GET', { method: 'GET', path: '/a', body: z.object({}) }, /^HTTP_CONTRACT_INVALID: GET \/a cannot have a body/],
    [
      'a body on DELETE',
      { method: 'DELETE', path: '/a', body: z.object({}) },
      /^HTTP_CONTRACT_INVALID: DELETE \/a cannot have a body/,
    ],
    ['no schema', { method: 'GET', path: '/a', query: { limit: 'number' } }, /^HTTP_SCHEMA_INVALID: "query" of GET \/a got/],
    [
      'a class for a schema',
      { method: 'GET', path: '/a', response: Date },
      /^HTTP_SCHEMA_INVALID: "response" of GET \/a got a function "Date"/,
    ],
    [
      'a schema that lacks a parameter',
      { method: 'GET', path: '/a/:id', params: z.object({}) },
      /^HTTP_CONTRACT_INVALID: "params" of GET \/a\/:id lacks the parameter ":id"/,
    ],
    [
      'a path that lacks one',
      { method: 'GET', path: '/a/:id', params: type({ id: 'string', page: 'string' }) },
      /has "page", and the path has no parameter/,
    ],
    [
      'an empty status',
      { method: 'GET', path: '/a', status: 404 },
      /^HTTP_CONTRACT_INVALID: The status of GET \/a cannot be 404/,
    ],
    [
      'an error without a status',
      { method: 'GET', path: '/a', errors: { GONE: {} } },
      /^HTTP_CONTRACT_INVALID: The error GONE of GET \/a needs a status/,
    ],
    [
      'an error code in small letters',
      { method: 'GET', path: '/a', errors: { gone: { status: 410 } } },
      /needs a code in capitals/,
    ],
    [
      'data of an error that is no schema',
      { method: 'GET', path: '/a', errors: { GONE: { status: 410, data: {} } } },
      /^HTTP_SCHEMA_INVALID: The data of the error GONE/,
    ],
    [
      'guards that are no list',
      { method: 'GET', path: '/a', use: handler },
      /^HTTP_CONTRACT_INVALID: "use" of GET \/a got a function "handler"; it takes a list/,
    ],
    [
      'a guard that is none',
      { method: 'GET', path: '/a', use: [undefined] },
      /^HTTP_CONTRACT_INVALID: "use" of GET \/a got undefined/,
    ],
    [
      'an error handler as a guard',
      { method: 'GET', path: '/a', use: [(_e: 1, _q: 2, _s: 3, _n: 4) => {}] },
      /it belongs behind all routes/,
    ],
    [
      'a schema of an answer that has no content',
      { method: 'GET', path: '/a', status: 204, response: z.object({}) },
      /^HTTP_CONTRACT_INVALID: GET \/a cannot have a schema of its answer: one with status 204 has no content/,
    ],
    [
      'an unknown check',
      { method: 'GET', path: '/a', checkResponse: true },
      /^HTTP_CONTRACT_INVALID: "checkResponse" of GET \/a cannot be true/,
    ],
  ];
  it.each(definitions)('%s', (_what, definition, why) => {
    expect(refusal(() => define(definition))).toMatch(why);
  });

  it('without a handler', () => {
    expect(refusal(() => define({ method: 'GET', path: '/a' }, 'x'))).toMatch(
      /^HTTP_CONTRACT_INVALID: GET \/a takes a handler second/,
    );
  });
});

describe('routes are refused where they are named', () => {
  const one = route({ method: 'GET', path: '/users/:id' }, handler);
  it.each([
    ['no object', undefined, /takes an object of routes/],
    ['a route alone', one, /takes an object of routes/],
    ['a name that the language asks for', { toJSON: one }, /cannot call a route "toJSON"/],
    ['a name that is none', { 'get-user': one }, /cannot call a route "get-user"/],
    [
      'what was put together by hand, wrongly',
      { getUser: { definition: { path: '/users/:id' }, handler } },
      /The method of route\(\) cannot be undefined/,
    ],
    ['what is no route', { getUser: handler }, /"getUser" of routes\(\) got a function "handler"/],
    [
      'two of one kind',
      { a: one, b: route({ method: 'GET', path: '/users/:userId' }, handler) },
      /"a" and "b" of routes\(\) answer the same/,
    ],
  ])('%s', (_what, table, why) => {
    const message = refusal(() => routes(table as never));
    expect(message).toMatch(/^HTTP_CONTRACT_INVALID/);
    expect(message).toMatch(why);
  });

  it('and where they are mounted', () => {
    const app = Object.assign(() => {}, { route: () => ({}) });
    expect(refusal(() => mountRoutes({} as never, { one }))).toMatch(
      /^HTTP_CONTRACT_INVALID: mountRoutes\(\) takes an Express app/,
    );
    expect(refusal(() => mountRoutes(undefined as never, { one }))).toMatch(/^HTTP_CONTRACT_INVALID/);
    expect(refusal(() => mountRoutes(app, { one: 5 } as never))).toMatch(/^HTTP_CONTRACT_INVALID/);
    expect(refusal(() => mountRoutes(app, { one }, { maxBodyBytes: 0 }))).toMatch(
      /^HTTP_OPTION_INVALID: Option "maxBodyBytes" of mountRoutes/,
    );
    expect(refusal(() => mountRoutes(app, { one }, { checkResponse: true as never }))).toMatch(/^HTTP_OPTION_INVALID/);
    expect(refusal(() => fastifyRoutes({ one }, { strict: true } as never))).toMatch(
      /^HTTP_OPTION_INVALID: Unknown option "strict" of fastifyRoutes/,
    );
    expect(refusal(() => fastifyRoutes([] as never))).toMatch(/^HTTP_CONTRACT_INVALID/);
  });
});

describe('a route', () => {
  it('is frozen, and knows nothing of changes to what it was made of', () => {
    const use = [() => {}];
    const definition = { method: 'GET', path: '/a', use } as const;
    const made = route(definition, handler);
    use.pop();
    expect(made.definition.use).toHaveLength(1);
    expect(() => Object.assign(made.definition, { path: '/b' })).toThrow(TypeError);
    expect(() => Object.assign(made, { handler: 5 })).toThrow(TypeError);
    expect(() => Object.assign(routes({ made }), { other: made })).toThrow(TypeError);
  });

  it('tells its name to whoever reads the handlers of an app', () => {
    const seen: unknown[] = [];
    const verbs = { get: (...handlers: object[]) => seen.push(...handlers.map((each) => routeNameOf(each))) };
    mountRoutes(
      Object.assign(() => {}, { route: () => verbs }),
      { getThings: route({ method: 'GET', path: '/a' }, handler) },
    );
    expect(seen).toEqual([undefined, 'getThings']);
  });
});

describe('paths', () => {
  it('name their parameters', () => {
    expect(readPath('/', 'x')).toEqual([]);
    expect(readPath('/a.b/:user_id/~c/:B', 'x')).toEqual(['user_id', 'B']);
  });

  it('are tried with text before parameters, and HEAD before GET', () => {
    const get = (path: string) => ({ method: 'GET', path });
    const sorted = [get('/:a/b'), get('/users/:id'), get('/users/:id/x'), get('/users/me'), get('/:a/:b')].sort(byMatching);
    expect(sorted.map(({ path }) => path)).toEqual(['/users/me', '/users/:id', '/users/:id/x', '/:a/b', '/:a/:b']);
    expect([get('/a'), { method: 'HEAD', path: '/a' }].sort(byMatching)[0]?.method).toBe('HEAD');
    // Where neither is more exact than the third, a sort may never compare the first with the last.
    expect([get('/a/:x'), get('/b'), get('/a/y')].sort(byMatching).map(({ path }) => path)).toEqual(['/a/y', '/a/:x', '/b']);
  });

  it('are tried with text before parameters, whatever the order in which they were given', () => {
    const segment = fc.constantFrom('a', 'b', ':x', ':y');
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
    fc.assert(
      fc.property(fc.array(fc.record({ method: fc.constantFrom('GET', 'HEAD'), path }), { maxLength: 12 }), (places) => {
        const sorted = [...places].sort(byMatching);
        for (const [at, first] of sorted.entries())
          for (const second of sorted.slice(at + 1)) expect(byMatching(first, second)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('reply', () => {
  it('is recognised whatever copy of the package made it', () => {
    expect(isReply(reply(1))).toBe(true);
    expect(isReply({ [Symbol.for('express-micro.reply.1')]: true })).toBe(true);
    expect(isReply({ data: 1, status: 200, headers: {} })).toBe(false);
  });

  it('takes a status and headers, and nothing else', () => {
    expect(reply(1, { status: 202, headers: { a: ['b', 'c'] } })).toMatchObject({
      data: 1,
      status: 202,
      headers: { a: ['b', 'c'] },
    });
    for (const options of [{ status: 99 }, { headers: { a: 1 } }, { headers: null }, { code: 1 }]) {
      expect(refusal(() => reply(1, options as never))).toMatch(/^HTTP_OPTION_INVALID/);
    }
  });
});
