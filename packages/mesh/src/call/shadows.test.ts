import { describe, expect, it } from 'vitest';
import type { RouteDescriptor } from '../routes/descriptor.ts';
import { type FoundRoute, nameRoutes } from '../routes/naming.ts';
import { toRequest, toRequestExplicit } from './arguments.ts';

function call(routes: readonly (readonly [string, string])[], name: string, args: Record<string, unknown>): string {
  const descriptors = routes.map(([method, path]): RouteDescriptor => ({ method, paths: [path] }));
  const found = nameRoutes(descriptors).find(name) as FoundRoute;
  return toRequest(found, name, args).path;
}

describe('a parameter that would reach a route declared earlier', () => {
  const routes = [
    ['GET', '/users/me'],
    ['GET', '/users/:id'],
    ['GET', '/users/all'],
  ] as const;

  it('is an error that names both routes, whatever its case', () => {
    for (const id of ['me', 'Me', 'ME'])
      expect(() => call(routes, 'getUser', { id })).toThrow(/GET \/users\/me.*GET \/users\/:id/);
  });

  it('is one in the explicit form too', () => {
    const found = nameRoutes(routes.map(([method, path]) => ({ method, paths: [path] }))).find('getUser') as FoundRoute;
    expect(() => toRequestExplicit(found, 'getUser', { params: { id: 'me' } })).toThrow(/GET \/users\/me/);
  });

  it('is none where the other route stands behind, has another method or another length', () => {
    expect(call(routes, 'getUser', { id: 'all' })).toBe('/users/all');
    expect(
      call(
        [
          ['POST', '/users/me'],
          ['GET', '/users/:id'],
        ],
        'getUser',
        { id: 'me' },
      ),
    ).toBe('/users/me');
    expect(
      call(
        [
          ['GET', '/users/me/pens'],
          ['GET', '/users/:id'],
        ],
        'getUser',
        { id: 'me' },
      ),
    ).toBe('/users/me');
    expect(
      call(
        [
          ['GET', '/users/meme'],
          ['GET', '/users/:id'],
        ],
        'getUser',
        { id: 'me' },
      ),
    ).toBe('/users/me');
  });

  it('is none for two routes of one shape and for a guard over everything: those are a chain of the app', () => {
    expect(
      call(
        [
          ['GET', '/pens/:name'],
          ['GET', '/inks/:id'],
        ],
        'getInk',
        { id: 'a' },
      ),
    ).toBe('/inks/a');
    expect(
      call(
        [
          ['ALL', '/*rest'],
          ['GET', '/inks/:id'],
        ],
        'getInk',
        { id: 'a' },
      ),
    ).toBe('/inks/a');
  });

  it('is found in the middle of a path', () => {
    const nested = [
      ['GET', '/users/:id/pens/first'],
      ['GET', '/users/:id/pens/:pen'],
    ] as const;
    expect(() => call(nested, 'getUserPen', { id: 'x', pen: 'first' })).toThrow(/first/);
    expect(call(nested, 'getUserPen', { id: 'first', pen: 'x' })).toBe('/users/first/pens/x');
  });
});
