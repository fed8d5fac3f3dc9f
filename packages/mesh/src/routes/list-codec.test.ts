import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouteDescriptor } from './descriptor.ts';
import { canonicalRoutes, parseRouteList, routesHash } from './list-codec.ts';
import { nameRoutes } from './naming.ts';

const list: RouteDescriptor[] = [
  { method: 'GET', paths: ['/users/:id', '/users'], handler: 'fetchUser', contract: 'getUser' },
  { method: 'POST', paths: ['/users'], contract: 'createUser', declares: { TAKEN: 409, CLOSED: 503 } },
  { method: 'ALL', paths: ['^\\/re.*$'], uncallable: 'regular expression' },
];

describe('a list of routes', () => {
  it('comes back from the network as it was', () => {
    expect(parseRouteList(JSON.parse(JSON.stringify(canonicalRoutes(list))))).toEqual(list);
  });

  it('has one hash, whatever the order of its fields or what else they carry', () => {
    const shuffled = list.map(({ paths, method, ...rest }) => ({ extra: 1, ...rest, paths, method }));
    expect(routesHash(shuffled)).toBe(routesHash(list));
    expect(routesHash(list)).toMatch(/^[\w-]{43}$/);
  });

  it('has another hash when anything differs, the order too', () => {
    const [first, second] = list as [RouteDescriptor, RouteDescriptor];
    const lists = [
      list,
      [second, first],
      [first],
      [{ ...first, handler: 'x' }, second],
      [{ ...first, declares: {} }, second],
      [{ ...first, declares: { GONE: 410 } }, second],
      [{ ...first, paths: ['/users', '/users/:id'] }, second],
      [],
    ];
    expect(new Set(lists.map(routesHash)).size).toBe(lists.length);
  });

  it('ignores fields it does not know', () => {
    expect(parseRouteList([{ method: 'GET', paths: ['/a'], functions: ['getA'], path: '/a' }])).toEqual([
      { method: 'GET', paths: ['/a'] },
    ]);
  });

  const route = { method: 'GET', paths: ['/a'] };
  const tooMany = Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`GONE_${at}`, 410]));
  it.each([
    [null, /not a list/],
    [{ length: 1 }, /not a list/],
    [Array(2_001).fill(route), /2001 routes; at most 2000/],
    [Array(2_000).fill({ method: 'GET', paths: ['/a', '/b', '/c', '/d', '/e'] }), /more than 8000 paths/],
    [[null], /Route 1 .* not an object/],
    [[[]], /not an object/],
    [[route, { ...route, method: 'get' }], /Route 2 .* method/],
    [[{ ...route, method: 'A'.repeat(21) }], /method/],
    [[{ ...route, method: ['GET'] }], /method/],
    [[Object.create(route)], /method/],
    [[{ method: 'GET' }], /paths/],
    ...[[], 'GONE', { GONE: '410' }, { GONE: 200 }, { gone: 410 }, JSON.parse('{"__proto__":410}'), tooMany].map(
      (declares): [unknown, RegExp] => [[{ ...route, declares }], /declares/],
    ),
    [[{ ...route, paths: [] }], /paths/],
    [[{ ...route, paths: '/a' }], /paths/],
    [[{ ...route, paths: [1] }], /no text/],
    [[{ ...route, paths: ['/../a'] }], /not a segment/],
    [[{ ...route, paths: ['//evil'] }], /empty segment/],
    [[{ ...route, paths: ['/a?x'] }], /"\?"/],
    [[{ ...route, paths: [`/${'a'.repeat(1024)}`] }], /too long/],
    [[{ ...route, paths: [`/${'a'.repeat(1024)}`], uncallable: 'x' }], /too long/],
    [[{ ...route, paths: ['\n'], uncallable: 'x' }], /control/],
    [[{ ...route, handler: 1 }], /handler/],
    [[{ ...route, handler: '' }], /handler/],
    [[{ ...route, contract: 'a\u001b[31m' }], /contract/],
    [[{ ...route, uncallable: 'x'.repeat(257) }], /uncallable/],
  ])('%# is refused with a reason', (value, reason) => {
    expect(() => parseRouteList(value)).toThrow(reason);
  });

  it('is taken by others once it was named, whatever is odd about a route', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.constantFrom('', '/', '/a\u0000', '//', '\u009b', '/a'.repeat(900), 'x'.repeat(900)),
    );
    const odd = fc.record(
      {
        method: fc.constantFrom('GET', 'ALL'),
        paths: fc.array(text, { minLength: 1 }),
        handler: text,
        contract: text,
        uncallable: text,
      },
      { requiredKeys: ['method', 'paths'] },
    );
    fc.assert(
      fc.property(fc.array(odd), (routes) => {
        const sent = nameRoutes(routes).routes;
        expect(parseRouteList(JSON.parse(JSON.stringify(sent)))).toEqual(canonicalRoutes(sent));
      }),
      { numRuns: 500 },
    );
  });

  it('is either read or refused with an Error, whatever arrives', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.array(fc.record({ method: fc.anything(), paths: fc.anything(), handler: fc.anything() }, { requiredKeys: [] })),
    );
    fc.assert(
      fc.property(junk, (value) => {
        try {
          return Array.isArray(parseRouteList(value));
        } catch (error) {
          return error instanceof Error && error.message.length < 400;
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
