import type { Pattern, Piece } from '@express-micro/mesh';
import { readMountRegexp, takesSlashes } from './express-layer-regexp.ts';
import { type AnyFunction, isFunction, isObject, type Layer, read } from './express-layer-shapes.ts';
import { parseExpress4, parseExpress5, splat } from './express-layer-syntax.ts';

/** A path in the words of the router that has it, read; or its text, and why it cannot be called. */
export type ReadPath = { readonly pattern: Pattern } | { readonly shown: string; readonly reason: string };

const REGULAR_EXPRESSION = 'regular expression';

/** The paths of a route, as its author wrote them. */
export function readRoutePaths(path: unknown, layer: Layer): ReadPath[] {
  const parse = layer.matchers === undefined ? parseExpress4 : parseExpress5;
  const paths: unknown[] = Array.isArray(path) ? path.flat(Number.POSITIVE_INFINITY) : [path];
  return paths.map((one) => readPath(one, parse));
}

/** The paths of a `use`. Before router 2.3 nothing keeps them, and they are read back from what matches them. */
export function readMountPaths(layer: Layer): ReadPath[] {
  if (layer.rawPath !== undefined) return readRoutePaths(layer.rawPath, layer);
  if (layer.slash === true) return [{ pattern: [] }];
  if (Array.isArray(layer.matchers)) return layer.matchers.map(readMatcher);
  if (layer.regexp instanceof RegExp) return [readExpress4(layer.regexp, layer.keys)];
  return [{ shown: '?', reason: 'mounted by a router of an unknown kind' }];
}

function readPath(path: unknown, parse: (path: string) => Pattern | undefined): ReadPath {
  if (path instanceof RegExp) return { shown: path.source, reason: REGULAR_EXPRESSION };
  const pattern = typeof path === 'string' ? parse(path) : undefined;
  return pattern === undefined ? { shown: String(path), reason: REGULAR_EXPRESSION } : { pattern };
}

function readExpress4(regexp: RegExp, keys: unknown): ReadPath {
  if (read(regexp, 'fast_slash') === true) return { pattern: [] };
  const names: unknown[] = Array.isArray(keys) ? keys.map((key) => (isObject(key) ? read(key, 'name') : undefined)) : [];
  const pattern = readMountRegexp(regexp.source, (index, source): Piece | undefined => {
    const name = names[index];
    if (typeof name === 'string') return { kind: takesSlashes(source) ? 'wildcard' : 'parameter', name };
    // A group without a name is a star, or a pattern of the author's own.
    return typeof name === 'number' && takesSlashes(source) ? { kind: 'wildcard', name: splat(name) } : undefined;
  });
  return pattern === undefined ? { shown: regexp.source, reason: REGULAR_EXPRESSION } : { pattern };
}

/** Router 2.0 to 2.2: a matcher is a closure over a regular expression and the names of its captures. */
function readMatcher(matcher: unknown): ReadPath {
  const unknown: ReadPath = { shown: '?', reason: 'mounted by a router of an unknown kind' };
  if (!isFunction(matcher)) return unknown;
  const regexp = expressionOf(matcher);
  if (regexp === undefined) return unknown;
  const names = namesOf(matcher, regexp);
  const pattern = readMountRegexp(regexp.source, (index) => names[index]);
  return pattern === undefined ? { shown: regexp.source, reason: REGULAR_EXPRESSION } : { pattern };
}

function expressionOf(matcher: AnyFunction): RegExp | undefined {
  let seen: RegExp | undefined;
  withExec(
    (regexp) => {
      seen ??= regexp;
      return null;
    },
    () => matcher('/'),
  );
  return seen;
}

/** Says to the matcher that one capture alone had a value, and sees which parameter it makes of it. */
function namesOf(matcher: AnyFunction, regexp: RegExp): (Piece | undefined)[] {
  const count = (new RegExp(`${regexp.source}|`).exec('')?.length ?? 1) - 1;
  return Array.from({ length: count }, (_, index) => {
    let match: unknown;
    withExec(
      () =>
        Object.assign(['/', ...Array.from({ length: count }, (__, other) => (other === index ? 'x' : undefined))], {
          index: 0,
          input: '/',
        }),
      () => {
        match = matcher('/');
      },
    );
    const params = isObject(match) ? read(match, 'params') : undefined;
    const [name, value] = isObject(params) ? (Object.entries(params)[0] ?? []) : [];
    return name === undefined ? undefined : { kind: Array.isArray(value) ? 'wildcard' : 'parameter', name };
  });
}

/**
 * Runs something small and synchronous that asks a regular expression, and answers in its place. Nothing else runs
 * meanwhile; it happens once for a layer, and only where the router keeps its paths to itself.
 */
function withExec(answer: (regexp: RegExp) => unknown, run: () => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(RegExp.prototype, 'exec');
  if (descriptor?.configurable !== true) return;
  Object.defineProperty(RegExp.prototype, 'exec', {
    ...descriptor,
    value(this: RegExp) {
      return answer(this);
    },
  });
  try {
    run();
  } catch {
    // A matcher that cannot take the answer is none that we know.
  } finally {
    Object.defineProperty(RegExp.prototype, 'exec', descriptor);
  }
}
