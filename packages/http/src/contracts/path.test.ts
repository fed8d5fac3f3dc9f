import { describe, expect, it } from 'vitest';
import { byMatching } from './path.ts';

const order = (...paths: readonly string[]) =>
  paths
    .map((path) => ({ method: 'GET', path }))
    .sort(byMatching)
    .map(({ path }) => path);

/** Every order of the same few. */
function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [at, item] of items.entries()) for (const rest of permutations(items.toSpliced(at, 1))) yield [item, ...rest];
}

describe('the order in which routes are tried', () => {
  it('has text before a parameter, whatever stands between them in the table', () => {
    const paths = ['/:a/:b', '/:a', '/:a/me', '/users/:id', '/users', '/users/me'];
    for (const permuted of permutations(paths)) {
      const sorted = order(...permuted);
      const isBefore = (a: string, b: string) => sorted.indexOf(a) < sorted.indexOf(b);
      expect([
        permuted,
        isBefore('/users/me', '/users/:id'),
        isBefore('/users/:id', '/:a/me'),
        isBefore('/:a/me', '/:a/:b'),
        isBefore('/users', '/:a'),
      ]).toEqual([permuted, true, true, true, true]);
    }
  });

  it('has HEAD before the GET of the same path', () => {
    const routes = ['GET', 'HEAD', 'POST'].map((method) => ({ method, path: '/pens/:id' }));
    expect(routes.sort(byMatching).map(({ method }) => method)).toEqual(['HEAD', 'GET', 'POST']);
  });
});
