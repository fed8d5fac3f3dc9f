import { handlersOf, show } from '@express-micro/core';
import type { AnyRoute, Routes } from '../contracts/route.ts';
import type { Verb } from './document.ts';
import { joinPaths, type PathTemplate, patternOf, toTemplate } from './path-template.ts';
import { nameOfPlain, type PlainRoute, type Said } from './plain-route.ts';

/** Contracts, and the path that they are mounted under. */
export interface MountedRoutes {
  readonly prefix: string;
  readonly routes: Routes;
}

/** Everything that is known of one method of one path. */
export interface DocumentedRoute {
  readonly verb: Verb;
  readonly template: PathTemplate;
  readonly name: string | undefined;
  readonly said: Said;
  readonly guards: readonly object[];
  /** Who answers; absent where that is not a contract. */
  readonly handler?: AnyRoute['handler'];
}

const VERBS: readonly Verb[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const VERBS_OF_ALL: readonly Verb[] = ['get', 'put', 'post', 'delete', 'patch'];

const UNSAYABLE = 'OpenAPI has no word for its path or its method';

/**
 * All routes of a document, one for each method and path, sorted as they were given: contracts first, and where a plain route is the same, the
 * contract speaks. A plain route that names a contract tells where that is mounted.
 *
 * @param warn is told of what is left out
 */
export function documentedRoutes(
  tables: readonly (Routes | MountedRoutes)[],
  plain: readonly PlainRoute[],
  warn: (message: string) => void,
): readonly DocumentedRoute[] {
  const found = new Map<string, DocumentedRoute>();
  for (const { name, route, prefix } of tables.flatMap(contractsOf)) {
    const hosts = prefix === undefined ? plain.filter((each) => isHostOf(each, name, route)) : [];
    const paths = hosts.length > 0 ? hosts.flatMap(pathsOf) : [joinPaths(prefix ?? '', route.definition.path)];
    for (const path of new Set(paths)) {
      const template = toTemplate(path);
      if (template === undefined) warn(`"${name}" at ${show(path)} is not in the OpenAPI document: ${UNSAYABLE}.`);
      else add(found, ofContract(name, route, template), warn);
    }
  }
  for (const each of plain) {
    const routes = ofPlain(each);
    if (routes.length === 0) {
      const why = each.uncallable ?? UNSAYABLE;
      warn(`${show(each.method)} ${show(pathsOf(each).join(', '))} is not in the OpenAPI document: ${why}.`);
    }
    for (const route of routes) merge(found, route);
  }
  return [...found.values()];
}

interface Contract {
  readonly name: string;
  readonly route: AnyRoute;
  readonly prefix: string | undefined;
}

function contractsOf(given: Routes | MountedRoutes): readonly Contract[] {
  const { prefix, routes } = isMounted(given) ? given : { prefix: undefined, routes: given };
  return Object.entries(routes).map(([name, route]) => ({ name, route, prefix }));
}

export function isMounted(given: Routes | MountedRoutes): given is MountedRoutes {
  return typeof given.prefix === 'string';
}

/** Whether a plain route is this contract, mounted somewhere. */
function isHostOf(plain: PlainRoute, name: string, { definition: { method, path } }: AnyRoute): boolean {
  const isNamed = (plain.contract ?? plain.name) === name;
  return isNamed && plain.method === method && pathsOf(plain).some((each) => path === '/' || each.endsWith(path));
}

function pathsOf({ path, paths }: PlainRoute): readonly string[] {
  return paths ?? (path === undefined ? [] : [path]);
}

function ofContract(name: string, { definition, handler }: AnyRoute, template: PathTemplate): DocumentedRoute {
  const { use = [], ...said } = definition;
  return { verb: definition.method.toLowerCase() as Verb, template, name, said, guards: use, handler };
}

function ofPlain(route: PlainRoute): DocumentedRoute[] {
  const { method, use = [], ...said } = route;
  // What the mesh has found in front of a handler, and what somebody has said.
  const guards = [...handlersOf(route), ...use];
  const name = nameOfPlain(route);
  const verb = String(method).toLowerCase();
  const verbs = verb === 'all' ? VERBS_OF_ALL : VERBS.filter((each) => each === verb);
  return pathsOf(route).flatMap((path) => {
    const template = toTemplate(path);
    return template === undefined ? [] : verbs.map((each) => ({ verb: each, template, name, said, guards }));
  });
}

function keyOf({ verb, template }: DocumentedRoute): string {
  return `${verb} ${patternOf(template)}`;
}

function add(found: Map<string, DocumentedRoute>, route: DocumentedRoute, warn: (message: string) => void): void {
  const key = keyOf(route);
  const other = found.get(key);
  if (other === undefined) found.set(key, route);
  else if (other.handler !== route.handler) {
    warn(`"${route.name}" is not in the OpenAPI document: "${other.name}" answers the same requests, ${key}.`);
  }
}

/** Where several speak of one route, each adds what the others have left open. */
function merge(found: Map<string, DocumentedRoute>, route: DocumentedRoute): void {
  const key = keyOf(route);
  const other = found.get(key);
  if (other === undefined) found.set(key, route);
  else if (other.handler === undefined) {
    const guards = [...other.guards, ...route.guards];
    found.set(key, { ...other, name: route.name ?? other.name, said: { ...other.said, ...defined(route.said) }, guards });
  }
}

function defined<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}
