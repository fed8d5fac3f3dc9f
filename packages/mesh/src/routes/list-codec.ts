import { createHash } from 'node:crypto';
import type { RouteDescriptor } from './descriptor.ts';
import { MAX_TEMPLATE_LENGTH, parseTemplate } from './template-grammar.ts';

/** Another process takes no more. */
export const MAX_ROUTES: number = 2_000;
/** Of all routes together: optional parts and arrays multiply. */
const MAX_PATHS: number = 8_000;

const MAX_NAME_LENGTH = 256;
/** Of one route. One with more is listed without them. */
const MAX_DECLARED = 50;
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
const METHOD = /^[A-Z-]{1,20}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const CONTROLS = new RegExp(CONTROL, 'g');

/** The list as it goes over the network: these fields only, always in this order, so that equal lists have equal bytes. */
export function canonicalRoutes(descriptors: readonly RouteDescriptor[]): RouteDescriptor[] {
  return descriptors.map(({ method, paths, handler, contract, declares, uncallable }) => ({
    method,
    paths: [...paths],
    ...(handler !== undefined && { handler }),
    ...(contract !== undefined && { contract }),
    ...(declares !== undefined && { declares }),
    ...(uncallable !== undefined && { uncallable }),
  }));
}

/** As many routes as another process takes, the last of them saying that there are more. */
export function atMostListed(routes: RouteDescriptor[]): RouteDescriptor[] {
  if (routes.length <= MAX_ROUTES) return routes;
  const rest: RouteDescriptor = {
    method: 'ALL',
    paths: ['…'],
    uncallable: `more than ${MAX_ROUTES} routes: the rest is not listed`,
  };
  return [...routes.slice(0, MAX_ROUTES - 1), rest];
}

/** A route as others will take it: one odd path or name must not make them refuse the whole list. */
export function listable(route: RouteDescriptor, uncallable: string | undefined): RouteDescriptor {
  const { handler, contract, declares, ...rest } = route;
  return {
    ...rest,
    paths: uncallable === undefined ? route.paths : route.paths.map((path) => printable(path, MAX_TEMPLATE_LENGTH)),
    ...(handler !== undefined && handler !== '' && { handler: printable(handler, MAX_NAME_LENGTH) }),
    ...(contract !== undefined && contract !== '' && { contract: printable(contract, MAX_NAME_LENGTH) }),
    ...(declares !== undefined && areDeclared(declares) && { declares }),
    ...(uncallable !== undefined && { uncallable: printable(uncallable, MAX_NAME_LENGTH) }),
  };
}

function printable(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(CONTROLS, '?') || '?';
}

/** Tells two lists apart. The order counts: the first route that matches is the one that answers. */
export function routesHash(descriptors: readonly RouteDescriptor[]): string {
  return createHash('sha256')
    .update(JSON.stringify(canonicalRoutes(descriptors)))
    .digest('base64url');
}

/**
 * Reads a list that another process sent. Unknown fields are ignored, so that newer versions may add some.
 *
 * @throws Error that says which route is wrong, and how
 */
export function parseRouteList(value: unknown): RouteDescriptor[] {
  if (!Array.isArray(value)) throw new Error('The routes are not a list.');
  if (value.length > MAX_ROUTES) throw new Error(`There are ${value.length} routes; at most ${MAX_ROUTES} are taken.`);
  const routes: RouteDescriptor[] = [];
  let paths = 0;
  for (let index = 0; index < value.length; index++) {
    const route = parseRoute(value[index], index);
    paths += route.paths.length;
    if (paths > MAX_PATHS) throw new Error(`The routes have more than ${MAX_PATHS} paths.`);
    routes.push(route);
  }
  return routes;
}

function parseRoute(value: unknown, index: number): RouteDescriptor {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(index, 'it is not an object');
  const method = own(value, 'method');
  if (typeof method !== 'string' || !METHOD.test(method)) throw wrong(index, 'its method is no method');
  const handler = name(value, 'handler', index);
  const contract = name(value, 'contract', index);
  const uncallable = name(value, 'uncallable', index);
  const declares = own(value, 'declares');
  if (declares !== undefined && !areDeclared(declares))
    throw wrong(index, 'the errors that it declares are no list of statuses by code');
  return {
    method,
    paths: parsePaths(own(value, 'paths'), uncallable === undefined, index),
    ...(handler !== undefined && { handler }),
    ...(contract !== undefined && { contract }),
    ...(declares !== undefined && { declares }),
    ...(uncallable !== undefined && { uncallable }),
  };
}

/** Whether they are what another process takes. */
function areDeclared(declares: unknown): declares is Readonly<Record<string, number>> {
  if (typeof declares !== 'object' || declares === null || Array.isArray(declares)) return false;
  const all = Object.entries(declares);
  const isOne = ([code, status]: readonly [string, unknown]) =>
    CODE.test(code) && Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599;
  return all.length <= MAX_DECLARED && all.every(isOne);
}

function parsePaths(value: unknown, isCallable: boolean, index: number): string[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(index, 'its paths are not a list of at least one');
  if (value.length > MAX_PATHS) throw wrong(index, 'it has too many paths');
  return Array.from(value, (path: unknown) => {
    if (typeof path !== 'string' || path.length > MAX_TEMPLATE_LENGTH) throw wrong(index, 'a path is no text, or too long');
    // What cannot be called is only shown: it may be the source of a regular expression.
    if (!isCallable) {
      if (CONTROL.test(path)) throw wrong(index, 'a path has a control character');
      return path;
    }
    try {
      parseTemplate(path);
    } catch (error) {
      throw wrong(index, (error as Error).message);
    }
    return path;
  });
}

function name(route: object, key: string, index: number): string | undefined {
  const value = own(route, key);
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_NAME_LENGTH || CONTROL.test(value)) {
    throw wrong(index, `its ${key} is not a text of 1 to ${MAX_NAME_LENGTH} characters`);
  }
  return value;
}

/** Own properties only: what the prototype has was not sent. */
function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function wrong(index: number, reason: string): Error {
  return new Error(`Route ${index + 1} of the list cannot be used: ${reason}`);
}
