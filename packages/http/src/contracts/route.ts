import { type CallableRoute, show } from '@express-micro/core';
import { httpError } from '../errors.ts';
import { jsonSchemaOf, partsOf, propertiesOf } from '../validation/json-schema.ts';
import { type InputOf, type Schema, takeSchema } from '../validation/schema.ts';
import type { ContractCall } from './call-shape.ts';
import { createErrorMakers } from './declared-errors.ts';
import { type Faults, isWithoutContent, type RouteDefinition } from './definition.ts';
import { readPath } from './path.ts';
import type { Reply } from './reply.ts';
import type { ContractRequest } from './request.ts';

/** A route as a value: what it is, and what it does. Frozen, and the same for whoever mounts, calls or documents it. */
export interface Route<D extends RouteDefinition = RouteDefinition, Returned = unknown>
  extends CallableRoute<ContractCall<D, Returned>> {
  readonly definition: D;
  readonly handler: (request: ContractRequest<D>) => Returned;
}

/** Any route: what adapters and tools take. */
export interface AnyRoute {
  readonly definition: RouteDefinition;
  readonly handler: (request: never) => unknown;
}

/** Routes by name. The name is the mesh's: `services.orderService.getOrders`. */
export type Routes = Readonly<Record<string, AnyRoute>>;

/** What a handler is to return: by the schema of the response, where the contract has one. Else what it returns says what callers read. */
type Returnable<D extends RouteDefinition> = D extends { readonly response: infer S extends Schema }
  ? Answered<InputOf<S>> | Promise<Answered<InputOf<S>>>
  : unknown;

type Answered<Data> = Data | Reply<Data>;

/** Those of `RouteDefinition`; typed so that none is forgotten. */
const OPTIONS: Readonly<Record<keyof RouteDefinition, true>> = Object.freeze({
  method: true,
  path: true,
  params: true,
  query: true,
  body: true,
  response: true,
  status: true,
  errors: true,
  use: true,
  checkResponse: true,
  summary: true,
  description: true,
  tags: true,
  deprecated: true,
});
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);
const CHECKS: readonly unknown[] = [undefined, 'outside-production', 'always', 'never'];

/**
 * A contract and the handler that keeps it:
 *
 * ```ts
 * const getOrders = route(
 *   { method: 'GET', path: '/users/:userId/orders', query: z.object({ limit: z.number().default(20) }), response: z.array(Order) },
 *   ({ params, query }) => findOrders(params.userId, query.limit),
 * );
 * ```
 *
 * What it returns is the answer: JSON, `undefined` for 204, {@link reply} for a status or headers of its own, a stream.
 *
 * @throws HTTP_CONTRACT_INVALID, HTTP_SCHEMA_INVALID
 */
export function route<const D extends RouteDefinition, H extends (request: ContractRequest<D>) => Returnable<D>>(
  definition: D & Faults<D>,
  handler: H,
): Route<D, ReturnType<H>> {
  checkDefinition(definition);
  if (typeof handler !== 'function') {
    throw invalid(`${nameOf(definition)} takes a handler second, a function; it got ${show(handler)}.`);
  }
  // A copy, so that nobody changes what was checked.
  const frozen = Object.freeze({
    ...definition,
    ...(definition.errors !== undefined && { errors: Object.freeze({ ...definition.errors }) }),
    ...(definition.use !== undefined && { use: Object.freeze([...definition.use]) }),
  });
  checked.add(frozen);
  return Object.freeze({ definition: frozen, handler }) as unknown as Route<D, ReturnType<H>>;
}

const checked = new WeakSet<object>();

/** As `route()` does, for what was put together by hand: `{ ...contract, handler }`. @throws HTTP_CONTRACT_INVALID, HTTP_SCHEMA_INVALID */
export function checkOnce(definition: RouteDefinition): void {
  if (!checked.has(definition)) checkDefinition(definition);
}

export function isRoute(value: unknown): value is AnyRoute {
  const { definition, handler } = (typeof value === 'object' && value !== null ? value : {}) as Partial<AnyRoute>;
  return (
    typeof definition === 'object' && definition !== null && typeof handler === 'function' && typeof definition.path === 'string'
  );
}

function checkDefinition(definition: RouteDefinition): void {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid(`route() takes a definition first, { method, path, … }; it got ${show(definition)}.`);
  }
  const { method, path, status, use, checkResponse } = definition;
  const owner = nameOf(definition);
  for (const key of Object.keys(definition)) {
    if (!Object.hasOwn(OPTIONS, key)) {
      throw invalid(`${owner} has the unknown option "${key}". The options are: ${Object.keys(OPTIONS).join(', ')}.`);
    }
  }
  if (!METHODS.has(method))
    throw invalid(`The method of ${owner} cannot be ${show(method)}; it takes one of ${[...METHODS].join(', ')}.`);
  const names = readPath(path, owner);
  for (const part of ['params', 'query', 'body', 'response'] as const) {
    if (definition[part] !== undefined) takeSchema(definition[part], `"${part}" of ${owner}`);
  }
  if (definition.body !== undefined && BODILESS.has(method)) {
    throw invalid(`${owner} cannot have a body: a ${method} request has none. Take a query, or another method.`);
  }
  if (definition.params !== undefined) checkParams(definition.params, names, owner);
  if (status !== undefined && (!Number.isInteger(status) || status < 200 || status > 399)) {
    throw invalid(`The status of ${owner} cannot be ${show(status)}: that of a good answer is from 200 to 399.`);
  }
  if (isWithoutContent(status) && definition.response !== undefined) {
    throw invalid(`${owner} cannot have a schema of its answer: one with status ${status} has no content.`);
  }
  if (!CHECKS.includes(checkResponse)) {
    throw invalid(
      `"checkResponse" of ${owner} cannot be ${show(checkResponse)}; it takes 'outside-production', 'always' or 'never'.`,
    );
  }
  createErrorMakers(definition.errors, owner);
  checkGuards(use, owner);
}

/** Where the schema tells its keys. */
function checkParams(schema: Schema, names: readonly string[], owner: string): void {
  const root = jsonSchemaOf(schema, 'input');
  const isTold = root !== undefined && partsOf(root, root).every((part) => part.properties !== undefined);
  const properties = isTold ? propertiesOf(root, root) : undefined;
  if (properties === undefined) {
    if (names.length === 0) throw invalid(`${owner} has a schema of parameters, and its path has none.`);
    return;
  }
  const keys = [...properties.keys()];
  const missing = names.find((name) => !keys.includes(name));
  if (missing !== undefined) throw invalid(`"params" of ${owner} lacks the parameter ":${missing}" of the path.`);
  const odd = keys.find((key) => !names.includes(key));
  if (odd !== undefined) throw invalid(`"params" of ${owner} has "${odd}", and the path has no parameter of that name.`);
}

function checkGuards(use: unknown, owner: string): void {
  if (use === undefined) return;
  if (!Array.isArray(use)) throw invalid(`"use" of ${owner} got ${show(use)}; it takes a list of middleware.`);
  for (const guard of use) {
    if (typeof guard !== 'function')
      throw invalid(`"use" of ${owner} got ${show(guard)}; it takes middleware, functions of (req, res, next).`);
    if (guard.length === 4)
      throw invalid(
        `"use" of ${owner} got an error handler, ${show(guard)}: it belongs behind all routes, app.use(errorHandler()).`,
      );
  }
}

export function nameOf({ method, path }: Partial<RouteDefinition>): string {
  return typeof method === 'string' && typeof path === 'string' ? `${method} ${path}` : 'route()';
}

function invalid(message: string): Error {
  return httpError('HTTP_CONTRACT_INVALID', message);
}
