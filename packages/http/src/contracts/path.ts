import { isForbiddenKey, show } from '@express-micro/core';
import { httpError } from '../errors.ts';

/** The names of the parameters of a path: `'userId'` of `/users/:userId/orders`. */
export type PathNames<Path extends string> = string extends Path
  ? string
  : Path extends `${string}/:${infer Name}/${infer Rest}`
    ? Name | PathNames<`/${Rest}`>
    : Path extends `${string}/:${infer Name}`
      ? Name
      : never;

const STATIC = /^[A-Za-z0-9._~-]+$/;
const PARAMETER = /^:([A-Za-z_]\w*)$/;

/**
 * Segments that are text, and segments that are one parameter: what Express 4, Express 5, Fastify and the mesh read alike. Everything beyond
 * (wildcards, optional parts, patterns, two parameters in a segment) is written and matched differently by each.
 *
 * @returns the names of the parameters
 * @throws HTTP_CONTRACT_INVALID
 */
export function readPath(path: unknown, owner: string): readonly string[] {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw refused(owner, path, 'it takes a text that begins with "/"');
  }
  if (path === '/') return [];
  const names: string[] = [];
  for (const segment of path.slice(1).split('/')) {
    const name = PARAMETER.exec(segment)?.[1];
    if (name === undefined) {
      if (segment === '') throw refused(owner, path, 'it has an empty segment, or a "/" at its end');
      if (segment === '.' || segment === '..' || !STATIC.test(segment)) {
        throw refused(
          owner,
          path,
          `"${segment}" is neither text (letters, digits, "-", "_", ".", "~") nor one parameter (":name")`,
        );
      }
      continue;
    }
    if (isForbiddenKey(name)) throw refused(owner, path, `a parameter cannot be called "${name}"`);
    if (names.includes(name)) throw refused(owner, path, `two parameters are called "${name}"`);
    names.push(name);
  }
  return names;
}

function refused(owner: string, path: unknown, why: string): Error {
  return httpError(
    'HTTP_CONTRACT_INVALID',
    `The path of ${owner} cannot be ${show(path)}: ${why}. Express, Fastify and the mesh read only such paths alike.`,
  );
}

/** Two paths that match the same requests have the same pattern. */
export function patternOf(path: string): string {
  return path.replace(/:\w+/g, ':');
}

/**
 * The order in which routes are to be tried one after another: text before a parameter, segment by segment. Fastify's router prefers in this
 * way, Express takes the first that matches. Different texts have an order, too: were they equal, a sort would not compare all that it has to.
 */
export function byMatching(a: Place, b: Place): number {
  const others = patternOf(b.path).split('/');
  for (const [index, segment] of patternOf(a.path).split('/').entries()) {
    const other = others[index];
    if (other === undefined) return 1;
    if (segment === other) continue;
    if (segment === ':' || other === ':') return segment === ':' ? 1 : -1;
    return segment < other ? -1 : 1;
  }
  if (a.path.split('/').length < others.length) return -1;
  // Express answers HEAD by a GET that stands before it.
  return Number(b.method === 'HEAD') - Number(a.method === 'HEAD');
}

interface Place {
  readonly method: string;
  readonly path: string;
}
