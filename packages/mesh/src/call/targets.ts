import { nearest, printable } from '@express-micro/core';
import { type Directory, type Instance, isCallable, type ServiceEntry } from '../directory/directory.ts';
import { type CallFacts, meshError } from '../errors.ts';
import { camelCase } from '../routes/camel-case.ts';
import type { FoundRoute, NamedRoute, RouteTable } from '../routes/naming.ts';

/** Who offers a function. */
export interface Target {
  readonly service: ServiceEntry;
  readonly candidates: readonly Instance[];
  /** Instances of different versions may offer it under different paths. */
  readonly found: ReadonlyMap<RouteTable, FoundRoute>;
}

export interface Targets {
  /** What is known already: the way of nearly every call. */
  known(service: string, name: string): Target | undefined;
  /**
   * Looks again, at the owners too, before it says that something does not exist.
   * @throws MESH_SERVICE_UNAVAILABLE, MESH_SERVICE_AMBIGUOUS, MESH_FUNCTION_AMBIGUOUS, MESH_FUNCTION_NOT_FOUND
   */
  search(service: string, name: string, facts: CallFacts): Promise<Target>;
  serviceNames(): string[];
  functionNames(service: string): string[];
}

/** Names that an error lists at most. */
const MAX_LISTED = 20;

/**
 * Finds services and functions by the names that callers write, and remembers where they led until the directory changes.
 *
 * @param refresh asks an instance for its present routes
 */
export function createTargets(directory: Directory, refresh: (instance: Instance) => Promise<void>): Targets {
  const remembered = new Map<string, Map<string, Target>>();
  let version = -1;

  function known(service: string, name: string): Target | undefined {
    if (version !== directory.version) {
      remembered.clear();
      version = directory.version;
    }
    return remembered.get(service)?.get(name);
  }

  /** Only names that exist are kept: a caller that makes up names must not fill the memory. */
  function remember(service: string, name: string, target: Target): Target {
    known(service, name);
    const byName = remembered.get(service) ?? new Map<string, Target>();
    remembered.set(service, byName.set(name, target));
    return target;
  }

  async function search(key: string, name: string, facts: CallFacts): Promise<Target> {
    const service = directory.find(key);
    if (service === undefined || !hasCallable(service)) throw unavailable(key, service, facts);
    let { target, clash } = workOut(service, name);
    if (target === undefined) {
      // Many calls of a name that does not exist share one question to each instance, and one more behind it.
      await Promise.all([...service.instances.values()].filter(isCallable).map(refresh));
      ({ target, clash } = workOut(service, name));
    }
    if (target !== undefined) return remember(key, name, target);
    throw clash === undefined ? notFound(service, name, facts) : ambiguous(service, name, clash, facts);
  }

  function unavailable(key: string, service: ServiceEntry | undefined, facts: CallFacts): Error {
    const details = { service: key, known: serviceNames() };
    if (service !== undefined) {
      const seen = [...service.instances.values()].map(({ url, isUp }) => `${url} ${isUp ? 'not reached yet' : 'down'}`);
      const message = `Service Unavailable: ${service.name} (no instance can be called: ${list(seen, 'none')}).`;
      return meshError('MESH_SERVICE_UNAVAILABLE', message, { ...facts, details });
    }
    const names = directory.services().map((entry) => entry.name);
    const message = `Service Unavailable: ${printable(key)} (nobody of that name is known).${hint(key, [...serviceNames(), ...names])} Known services: ${list(names, 'none')}.`;
    return meshError('MESH_SERVICE_UNAVAILABLE', message, { ...facts, details });
  }

  function notFound(service: ServiceEntry, name: string, facts: CallFacts): Error {
    const offered = namesOf(service);
    const message = `Route Not Found: ${printable(name)} on ${service.name}.${hint(name, offered)} It offers: ${list(offered, 'nothing')}.`;
    return meshError('MESH_FUNCTION_NOT_FOUND', message, { ...facts, service: service.name, details: { offered } });
  }

  function serviceNames(): string[] {
    const callable = directory.services().filter(hasCallable);
    const counts = new Map<string, number>();
    for (const { name } of callable) counts.set(camelCase(name), (counts.get(camelCase(name)) ?? 0) + 1);
    return callable.map(({ name }) => (counts.get(camelCase(name)) === 1 ? camelCase(name) : name)).sort();
  }

  return {
    known,
    search,
    serviceNames,
    functionNames(key) {
      try {
        return namesOf(directory.find(key));
      } catch {
        // Two services share the name: neither's functions can be called by it.
        return [];
      }
    },
  };
}

function workOut(service: ServiceEntry, name: string): { target?: Target; clash?: readonly NamedRoute[] } {
  const candidates: Instance[] = [];
  const found = new Map<RouteTable, FoundRoute>();
  let clash: readonly NamedRoute[] | undefined;
  for (const instance of service.instances.values()) {
    if (!isCallable(instance) || instance.known === undefined) continue;
    const { table } = instance.known;
    const hit = found.get(table) ?? table.find(name);
    if (hit?.kind === 'route') {
      found.set(table, hit);
      candidates.push(instance);
    } else if (hit?.kind === 'ambiguous') clash = hit.routes;
  }
  if (candidates.length > 0) return { target: { service, candidates, found } };
  return clash === undefined ? {} : { clash };
}

function ambiguous(service: ServiceEntry, name: string, clash: readonly NamedRoute[], facts: CallFacts): Error {
  const routes = clash.map((route) => `${route.method} ${route.paths[0]}`);
  const message = `"${name}" on ${service.name} could be ${routes.join(' or ')}. Give one of the handlers a name of its own, or declare one.`;
  return meshError('MESH_FUNCTION_AMBIGUOUS', message, { ...facts, service: service.name, details: { routes } });
}

function hasCallable(service: ServiceEntry): boolean {
  for (const instance of service.instances.values()) if (isCallable(instance)) return true;
  return false;
}

function namesOf(service: ServiceEntry | undefined): string[] {
  const names = new Set<string>();
  for (const instance of service?.instances.values() ?? []) {
    if (isCallable(instance)) for (const name of instance.known?.table.names() ?? []) names.add(name);
  }
  return [...names].sort();
}

function list(names: readonly string[], none: string): string {
  if (names.length === 0) return none;
  const more = names.length - MAX_LISTED;
  return names.slice(0, MAX_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function hint(name: string, candidates: readonly string[]): string {
  const [suggestion] = nearest(name, candidates);
  return suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`;
}
