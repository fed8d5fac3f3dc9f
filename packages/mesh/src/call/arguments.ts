// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { Readable } from 'node:stream';
import { isForbiddenKey, nearest } from '@express-micro/core';
import { meshError } from '../errors.ts';
import type { FoundRoute, NamedRoute } from '../routes/naming.ts';
import { type CompiledPath, compilePath, fillPath } from '../routes/path-template.ts';
import { shown } from '../routes/scalar.ts';
import { encodeBody, JSON_TYPE, toJson } from './arguments-body.ts';
import { takeHeaders } from './arguments-headers.ts';
import { encodeQuery } from './arguments-query.ts';
import { findShadow, shadowsOf } from './shadows.ts';

/** One call as an HTTP request, for whichever instance. */
export interface BuiltRequest {
  readonly method: string;
  /** Filled, without the query. */
  readonly path: string;
  /** `a=1&b=2`, or empty. */
  readonly query: string;
  readonly body: string | Buffer | Readable | undefined;
  /** Names in small letters. `content-type` is there when a body is. */
  readonly headers: Record<string, string>;
}

/** The arguments of a call, each where it belongs. */
export interface ExplicitRequest {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** Scalars, Dates and arrays of them. */
  readonly query?: Readonly<Record<string, unknown>> | URLSearchParams | undefined;
  /** JSON, unless it is text, bytes, a form (`URLSearchParams`) or a stream. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What the options of a call have to do with its request. */
export interface RequestOptions {
  /** For the own name of an `app.all` route. @default 'GET' */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
}

type Args = Readonly<Record<string, unknown>>;

const NO_ARGS: Args = Object.freeze({});
/** The rest of the arguments of these goes to the query; that of any other method is its JSON body. */
const QUERY_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/**
 * `f(args)`: path parameters first, and what is left to the query or the JSON body.
 * @throws MESH_ARGUMENT_INVALID before anything is sent
 */
export function toRequest(found: FoundRoute, name: string, args: unknown, options?: RequestOptions): BuiltRequest {
  const { route } = found;
  const method = methodOf(found, name, options);
  const given = args === undefined ? NO_ARGS : plainObject(args, name);
  if (found.rivals.length > 0) refuseRivals(found, name, given);
  const path = choosePath(route, name, given);
  const rest = leftOver(path, given);
  const filled = reach(found, fillPath(path, given), name);
  const headers = options?.headers === undefined ? {} : takeHeaders(options.headers, name);
  if (QUERY_METHODS.has(method)) {
    return { method, path: filled, query: encodeQuery(rest, name), body: undefined, headers };
  }
  // No arguments, no body; `createOrderCancel({ id })` has had some, and its handler may count on `req.body`.
  if (args === undefined) return { method, path: filled, query: '', body: undefined, headers };
  headers['content-type'] ??= JSON_TYPE;
  return { method, path: filled, query: '', body: toJson(rest, name), headers };
}

/**
 * `f.request({ params, query, body, headers })`: everything where the caller says.
 * @throws MESH_ARGUMENT_INVALID before anything is sent
 */
export function toRequestExplicit(
  found: FoundRoute,
  name: string,
  explicit: ExplicitRequest,
  options?: RequestOptions,
): BuiltRequest {
  const method = methodOf(found, name, options);
  const params = explicit.params === undefined ? NO_ARGS : plainObject(explicit.params, `${name}: "params"`);
  const path = choosePath(found.route, name, params);
  for (const key of Object.keys(params)) if (!path.parameters.includes(key)) throw unknownParameter(key, path, found.route, name);
  const headers = takeHeaders(options?.headers, name, explicit.headers);
  const encoded = encodeBody(explicit.body, name);
  if (encoded.type !== undefined) headers['content-type'] ??= encoded.type;
  return {
    method,
    path: reach(found, fillPath(path, params), name),
    query: explicitQuery(explicit.query, name),
    body: encoded.body,
    headers,
  };
}

function explicitQuery(query: ExplicitRequest['query'], name: string): string {
  if (query === undefined) return '';
  return query instanceof URLSearchParams ? query.toString() : encodeQuery(plainObject(query, `${name}: "query"`), name);
}

function methodOf({ method, route }: FoundRoute, name: string, options: RequestOptions | undefined): string {
  const wanted = options?.method;
  if (wanted === undefined) return method ?? 'GET';
  const upper = typeof wanted === 'string' ? wanted.toUpperCase() : '';
  if (!/^[A-Z-]{1,20}$/.test(upper) || upper === 'CONNECT' || upper === 'TRACE') {
    throw invalid(`${name}: the option "method" cannot be ${shown(wanted)}.`);
  }
  if (route.method !== 'ALL' && upper !== route.method) {
    throw invalid(`${name} is ${route.method} ${route.paths[0]}: the option "method" cannot make it ${upper}.`);
  }
  return upper;
}

/** Paths are compiled at the first call of a route, and forgotten with it. */
const compiled = new WeakMap<NamedRoute, readonly CompiledPath[]>();

function pathsOf(route: NamedRoute): readonly CompiledPath[] {
  let paths = compiled.get(route);
  if (paths === undefined) {
    paths = route.paths.map(compilePath);
    compiled.set(route, paths);
  }
  return paths;
}

/** The first path whose parameters are all given. */
function choosePath(route: NamedRoute, name: string, args: Args): CompiledPath {
  const paths = pathsOf(route);
  for (const path of paths) if (hasAll(path.parameters, args)) return path;
  const missing = paths.map((path) => path.parameters.filter((key) => !isGiven(args, key)));
  const [suggestion] = nearest(missing[0]?.[0] ?? '', Object.keys(args));
  const hint = suggestion === undefined ? '' : ` Is "${suggestion}" meant for it?`;
  const needs = missing.map((keys) => keys.map((key) => `"${key}"`).join(' and ')).join(', or ');
  throw meshError('MESH_ARGUMENT_INVALID', `${name} needs ${needs} for ${route.method} ${route.paths.join(' or ')}.${hint}`, {
    details: { missing: missing[0] ?? [] },
  });
}

function hasAll(parameters: readonly string[], args: Args): boolean {
  for (const key of parameters) if (!isGiven(args, key)) return false;
  return true;
}

function isGiven(args: Args, key: string): boolean {
  return Object.hasOwn(args, key) && args[key] !== undefined;
}

/** The arguments that are not in the path. The caller's own object where that is all of them. */
function leftOver(path: CompiledPath, args: Args): Args {
  if (path.parameters.length === 0) return args;
  let rest: Record<string, unknown> | undefined;
  for (const key of Object.keys(args)) {
    if (isForbiddenKey(key)) throw invalid(`The argument "${key}" cannot be sent: it would reach into the receiver's objects.`);
    if (path.parameters.includes(key)) continue;
    rest ??= {};
    rest[key] = args[key];
  }
  return rest ?? NO_ARGS;
}

/** Nobody's meaning changes silently: `getOrders({ userId })` may have been written before `GET /orders` was there. */
function refuseRivals({ route, rivals }: FoundRoute, name: string, args: Args): void {
  for (const rival of rivals) {
    for (const { parameters, template } of pathsOf(rival)) {
      if (!hasAll(parameters, args)) continue;
      const routes = [`${route.method} ${route.paths[0]}`, `${rival.method} ${template.source}`];
      const given = parameters.map((key) => `"${key}"`).join(' and ');
      const other = rival.functions[0] === undefined ? '' : `, for the second ${rival.functions[0]}`;
      throw meshError(
        'MESH_ARGUMENT_INVALID',
        `${name} with ${given} could be ${routes.join(' or ')}. For the first use ${name}.request({ query })${other}.`,
        { details: { routes } },
      );
    }
  }
}

/** The path, when it is this route that answers there. */
function reach({ route, siblings }: FoundRoute, path: string, name: string): string {
  const shadow = findShadow(shadowsOf(route, siblings), path);
  if (shadow === undefined) return path;
  const routes = [`${shadow.route.method} ${shadow.template}`, `${route.method} ${route.paths[0]}`];
  throw meshError(
    'MESH_ARGUMENT_INVALID',
    `${name} would reach ${routes[0]}, which stands before ${routes[1]}: ${shown(path)}.`,
    {
      details: { routes },
    },
  );
}

/** An object of this realm or another: its prototype is none, or one that has none itself. */
function plainObject(value: unknown, name: string): Args {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null) return value as Args;
  }
  throw invalid(
    `${name} takes a plain object of arguments, not ${shown(value)}. ` +
      'An array, text or other body goes into the explicit form, f.request({ body }); an instance of a class is spread, { ...it }.',
  );
}

function unknownParameter(key: string, path: CompiledPath, route: NamedRoute, name: string): Error {
  const [suggestion] = nearest(key, path.parameters);
  const hint = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`;
  return invalid(`${name}: ${route.method} ${path.template.source} has no parameter ${shown(key)}.${hint}`);
}

function invalid(message: string): Error {
  return meshError('MESH_ARGUMENT_INVALID', message);
}
