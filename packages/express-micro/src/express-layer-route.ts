import { METHODS } from 'node:http';
import { declaredBy, keepHandlers, routeNameOf } from '@express-micro/core';
import type { RouteDescriptor } from '@express-micro/mesh';
import { readRoutePaths } from './express-layer-mount.ts';
import { joinPaths, type Prefix, toTemplates } from './express-layer-path.ts';
import { isFunction, isObject, type Layer, type Route, unwrapped } from './express-layer-shapes.ts';

const VERBS: readonly string[] = METHODS.map((method) => method.toLowerCase());
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,127}$/u;

/** What the mesh says of one route of a router: a descriptor for each method, and for the paths that cannot be called. */
export function describeRoute(layer: Layer, route: Route, prefix: Prefix, isStrict: boolean): RouteDescriptor[] {
  const { templates, blocked } = toTemplates(joinPaths(prefix, readRoutePaths(route.path, layer), isStrict));
  return methodsOf(route).flatMap((verb) => {
    const method = verb === 'all' ? 'ALL' : verb.toUpperCase();
    const handlers = handlersFor(route, verb);
    const names = namesOf(handlers);
    const callable: RouteDescriptor[] = templates.length === 0 ? [] : [{ method, paths: templates, ...names }];
    const shown = blocked.map(({ shown, reason }) => ({ method, paths: [printable(shown)], ...names, uncallable: reason }));
    for (const each of callable)
      keepHandlers(each, [...handlers.guards, ...handlers.own].map(({ handle }) => unwrapped(handle)).filter(isObject));
    return [...callable, ...shown];
  });
}

/**
 * The methods of a route, or `all`. Both kinds of `all` are seen: a router's own, and an app's, which adds every verb by
 * itself. Next to verbs of the same route, `route.all(…)` is a guard or a 405, and no function.
 */
function methodsOf({ methods }: Route): string[] {
  const verbs = Object.keys(methods).filter((verb) => verb !== '_all' && methods[verb] === true);
  if (verbs.length === 0) return methods._all === true ? ['all'] : [];
  const has = new Set(verbs);
  return VERBS.every((verb) => has.has(verb)) ? ['all'] : verbs;
}

/** What stands in a route for one of its methods. */
interface Handlers {
  /** Of every method. */
  readonly guards: readonly Layer[];
  readonly own: readonly Layer[];
}

function handlersFor({ stack }: Route, verb: string): Handlers {
  return {
    guards: stack.filter((layer) => layer.method === undefined),
    // Of an app's `all` any verb tells the same; a router's has none.
    own: stack.filter((layer) => layer.method === (verb === 'all' ? 'get' : verb)),
  };
}

function namesOf({ guards, own }: Handlers): Pick<RouteDescriptor, 'handler' | 'contract' | 'declares'> {
  const handlers = own.length === 0 ? guards : own;
  const last = handlers.findLast((layer) => !isErrorHandler(layer));
  const contract = [...guards, ...own].map(contractOf).findLast((name) => name !== undefined);
  const handler = last === undefined ? undefined : nameOf(last);
  return { ...(handler !== undefined && { handler }), ...contract };
}

function isErrorHandler(layer: Layer): boolean {
  const inner = unwrapped(layer.handle);
  return isFunction(inner) && inner.length === 4;
}

/** The function's name; else the one it had when the route was declared, before some tool replaced it. */
function nameOf(layer: Layer): string | undefined {
  const inner = unwrapped(layer.handle);
  return [isFunction(inner) ? inner.name : '', layer.name]
    .map((name) => (typeof name === 'string' ? name.replace(/^(?:bound )+/, '') : ''))
    .find((name) => IDENTIFIER.test(name));
}

function contractOf({ handle }: Layer): Pick<RouteDescriptor, 'contract' | 'declares'> | undefined {
  const marked = [handle, unwrapped(handle)].filter(isObject).find((handler) => routeNameOf(handler) !== undefined);
  const contract = marked && routeNameOf(marked);
  if (marked === undefined || contract === undefined) return undefined;
  const declares = declaredBy(marked);
  return { contract, ...(declares !== undefined && { declares }) };
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.slice(0, 512).replace(/[\u0000-\u001f\u007f-\u009f]/g, '?') || '/';
}
