import { show } from '@express-micro/core';
import { httpError } from '../errors.ts';
import { patternOf } from './path.ts';
import { checkOnce, isRoute, nameOf, type Routes } from './route.ts';

/** Names that JavaScript itself looks up on any object: awaiting or printing a service would call a route. */
const TAKEN = new Set(['then', 'catch', 'finally', 'toJSON', 'toString', 'valueOf', 'constructor', 'prototype', '__proto__']);
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,127}$/u;

/**
 * Names routes. The name of each is what the mesh calls it by, on whatever framework they are mounted:
 * `routes({ getOrders: route(…) })` is `services.orderService.getOrders(…)`.
 *
 * @throws HTTP_CONTRACT_INVALID where a name cannot be called, or two routes answer the same requests
 */
export function routes<const R extends Routes>(table: R): R {
  checkRoutes(table, 'routes()');
  return Object.freeze({ ...table });
}

/** @throws HTTP_CONTRACT_INVALID */
export function checkRoutes(table: unknown, owner: string): asserts table is Routes {
  if (typeof table !== 'object' || table === null || Array.isArray(table) || isRoute(table)) {
    throw invalid(`${owner} takes an object of routes, { getOrders: route(…) }; it got ${show(table)}.`);
  }
  const seen = new Map<string, string>();
  for (const [name, each] of Object.entries(table)) {
    if (!IDENTIFIER.test(name) || TAKEN.has(name)) {
      throw invalid(
        `${owner} cannot call a route "${name}": the name of a function is taken, and none that belongs to JavaScript.`,
      );
    }
    if (!isRoute(each))
      throw invalid(`"${name}" of ${owner} got ${show(each)}; it takes a route, route({ method, path }, handler).`);
    checkOnce(each.definition);
    const { method, path } = each.definition;
    const pattern = `${method} ${patternOf(path)}`;
    const other = seen.get(pattern);
    if (other !== undefined)
      throw invalid(`"${other}" and "${name}" of ${owner} answer the same requests: ${nameOf(each.definition)}.`);
    seen.set(pattern, name);
  }
}

function invalid(message: string): Error {
  return httpError('HTTP_CONTRACT_INVALID', message);
}
