import { nearest, show } from '@express-micro/core';
import { httpError } from '../errors.ts';

export function unknown(name: string, known: Iterable<string>): Error {
  const names = [...known];
  const [near] = nearest(name, names);
  const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
  return httpError(
    'HTTP_DEPENDENCY_UNKNOWN',
    `The container knows nothing called ${show(name)}.${meant} It has: ${names.slice(0, 20).join(', ')}.`,
    { details: { name } },
  );
}

export function cycle(path: readonly string[]): Error {
  return httpError(
    'HTTP_DEPENDENCY_CYCLE',
    `Things that need each other cannot be made: ${path.join(' → ')}. Take what both need out into a third.`,
    { details: { path } },
  );
}

export function captive(path: readonly string[]): Error {
  const way = path.length > 1 ? `${path.join(' → ')}: ` : '';
  return httpError(
    'HTTP_DEPENDENCY_CAPTIVE',
    `${way}"${path.at(-1)}" is made for each scope, and was asked for by what outlives it. Make that scoped, too, or ask a scope: scopeOf(container, req).get("${path.at(-1)}").`,
    { details: { path } },
  );
}
