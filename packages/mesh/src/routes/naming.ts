import { handlersOf, keepHandlers } from '@express-micro/core';
import { type DerivedNames, deriveNames, hasPrefix, METHODS_OF_ALL, type Prefix } from './derive-names.ts';
import type { RouteDescriptor } from './descriptor.ts';
import { listable } from './list-codec.ts';
import { ownNames } from './own-names.ts';
import { compilePath } from './path-template.ts';
import { type CallableRoute, surroundingsOf } from './surroundings.ts';

export interface NamedRoute extends RouteDescriptor {
  /** Every name by which it, and it alone, can be called. */
  readonly functions: readonly string[];
  /** Names that another route has an equal right to, so that nobody answers to them. */
  readonly clashes?: readonly string[];
  /** Why its own name is not used, in words for people. */
  readonly refused?: string;
}

export interface FoundRoute {
  readonly kind: 'route';
  readonly route: NamedRoute;
  /** `undefined` for the own name of an `app.all` route: GET, unless the call says otherwise. */
  readonly method: string | undefined;
  /**
   * Item routes that would take this plural, were it not for the collection that owns it. A call with their parameters is
   * an error that names both: it may have been written before the collection was there.
   */
  readonly rivals: readonly NamedRoute[];
  /** All routes of the same list, in the order in which requests meet them. */
  readonly siblings: readonly NamedRoute[];
}

interface AmbiguousName {
  readonly kind: 'ambiguous';
  readonly routes: readonly NamedRoute[];
}

type Found = FoundRoute | AmbiguousName;

export interface RouteTable {
  /** All routes, in the order in which they were declared, those that cannot be called included. */
  readonly routes: readonly NamedRoute[];
  find(name: string): Found | undefined;
  /** Every name that can be called, sorted. */
  names(): string[];
}

/**
 * The right to a name; the lowest wins, two of the same are a clash. A route that has an own name gives way, with its
 * derived ones, to a route that has nothing else.
 */
const RANK = Object.freeze({
  /** `createOrder`, declared by a contract. */
  contract: 0,
  /** `fetchOrder`, the handler's own name. */
  handler: 1,
  /** `getOrder` for `GET /orders/:id`. */
  derived: { byPath: 2, byPathAfterOwnName: 4 },
  /** `getOrder` for `GET /api/v1/orders/:id`: the prefix is dropped only where that takes nothing from anybody. */
  dropped: { byPath: 3, byPathAfterOwnName: 5 },
  /** `getOrder` for `GET /shop/orders/:id`. */
  second: { byPath: 6, byPathAfterOwnName: 7 },
  /** `getOrders` for `GET /orders/:userId`: below every collection. */
  plural: { byPath: 8, byPathAfterOwnName: 9 },
});

interface Claim {
  readonly route: Entry;
  readonly rank: number;
  readonly method: string | undefined;
  /** Two claims with the same key send the same request, so it does not matter whose it is. */
  readonly request: string;
}

/** A route while names are given out. */
interface Entry extends CallableRoute {
  readonly descriptor: RouteDescriptor;
  readonly named: NamedRoute & { functions: string[]; clashes?: string[] };
  /** Whether a contract's or handler's name is its alone. */
  hasOwnName: boolean;
}

/**
 * Gives every route the names by which it is called.
 *
 * Names are claimed, each with a rank: a contract's name above the handler's own, that above a name derived from method
 * and path (see {@link deriveNames}), first claims above second ones. The best rank has the name; where two different
 * requests have it at the same rank nobody answers to it, and {@link RouteTable.find} lists them.
 *
 * - `GET /users/:id` with the handler `fetchUser` → `fetchUser`, and `getUser` while no other route claims it
 * - `GET /orders` and `GET /orders/:userId` → `getOrders` is the collection, and the item its rival
 * - `GET /v1/pens/:id` and `GET /v2/pens/:id` → `getV1Pen`, `getV2Pen`; `getPen` is a clash
 * - `app.all('/pens')` → `getPens`, `listPens`, `createPen`, …; its handler's name stands for GET
 * - two routes of the same method and path are one request: both answer to all their names
 */
export function nameRoutes(descriptors: readonly RouteDescriptor[]): RouteTable {
  const entries = descriptors.map(toEntry);
  const callable = entries.filter((entry) => entry.named.uncallable === undefined);
  const claims = new Map<string, Claim[]>();
  for (const entry of callable) claimOwnNames(entry, claims);
  for (const rivals of claims.values()) for (const claim of winners(rivals)) claim.route.hasOwnName = true;
  claimDerivedNames(callable, claims);
  const found = new Map<string, Found>();
  const routes = entries.map((entry) => entry.named);
  for (const [name, rivals] of claims) found.set(name, settle(name, rivals, routes));
  const names = [...found].flatMap(([name, { kind }]) => (kind === 'route' ? [name] : [])).sort();
  return { routes, find: (name) => found.get(name), names: () => [...names] };
}

function toEntry(descriptor: RouteDescriptor): Entry {
  let { uncallable } = descriptor;
  let templates: Entry['templates'] = [];
  if (uncallable === undefined) {
    try {
      templates = descriptor.paths.map((path) => compilePath(path).template);
    } catch (error) {
      uncallable = (error as Error).message;
    }
  }
  const named = keepHandlers({ ...listable(descriptor, uncallable), functions: [] }, handlersOf(descriptor));
  return { descriptor, method: descriptor.method, templates, named, hasOwnName: false };
}

function claimOwnNames(entry: Entry, claims: Map<string, Claim[]>): void {
  const { contract, handler, refused } = ownNames(entry.descriptor);
  const method = entry.method === 'ALL' ? undefined : entry.method;
  if (contract !== undefined) add(claims, contract, toClaim(entry, RANK.contract, method));
  if (handler !== undefined && handler !== contract) add(claims, handler, toClaim(entry, RANK.handler, method));
  if (refused !== undefined) Object.assign(entry.named, { refused });
}

/** One path of a route under one of its methods. */
interface Derivation {
  readonly entry: Entry;
  readonly method: string;
  readonly names: (prefix: Prefix) => DerivedNames;
}

function claimDerivedNames(entries: readonly Entry[], claims: Map<string, Claim[]>): void {
  const around = surroundingsOf(entries);
  const withPrefix: Derivation[] = [];
  for (const entry of entries) {
    for (const template of entry.templates) {
      const surroundings = around(template);
      for (const method of entry.method === 'ALL' ? METHODS_OF_ALL : [entry.method]) {
        const names = (prefix: Prefix) => deriveNames(method, template, prefix, surroundings);
        const mayDrop = hasPrefix(template);
        claimDerived({ entry, method, names: names('dropped'), isWhole: !mayDrop }, claims);
        if (mayDrop) withPrefix.push({ entry, method, names });
      }
    }
  }
  // A prefix comes back, the version first, for whoever shares a name without it. The short names stay claimed, as clashes.
  const contested = (prefix: Prefix) => (derivation: Derivation) =>
    derivation.names(prefix).first.some((name) => isContested(claims.get(name) ?? [], derivation));
  const versioned = withPrefix.filter(contested('dropped'));
  for (const { entry, method, names } of versioned) {
    const isWhole = names('version').first[0] === names('whole').first[0];
    claimDerived({ entry, method, names: names('version'), isWhole }, claims);
  }
  for (const { entry, method, names } of versioned.filter(contested('version'))) {
    claimDerived({ entry, method, names: names('whole'), isWhole: true }, claims);
  }
}

function claimDerived(
  { entry, method, names, isWhole }: { entry: Entry; method: string; names: DerivedNames; isWhole: boolean },
  claims: Map<string, Claim[]>,
): void {
  const { first, second, plural } = names;
  const column = entry.hasOwnName ? 'byPathAfterOwnName' : 'byPath';
  for (const name of first) add(claims, name, toClaim(entry, RANK[isWhole ? 'derived' : 'dropped'][column], method));
  for (const name of second) add(claims, name, toClaim(entry, RANK.second[column], method));
  for (const name of plural) add(claims, name, toClaim(entry, RANK.plural[column], method));
}

function isContested(claims: readonly Claim[], { entry, method }: Pick<Derivation, 'entry' | 'method'>): boolean {
  const request = requestOf(entry, method);
  return claims.some((claim) => claim.request !== request && claim.rank < RANK.second.byPath);
}

function toClaim(route: Entry, rank: number, method: string | undefined): Claim {
  return { route, rank, method, request: requestOf(route, method) };
}

function requestOf({ descriptor }: Entry, method: string | undefined): string {
  return [method ?? 'ALL', ...descriptor.paths].join(' ');
}

function add(claims: Map<string, Claim[]>, name: string, claim: Claim): void {
  const others = claims.get(name);
  if (others === undefined) claims.set(name, [claim]);
  else others.push(claim);
}

/** The claims of the best rank, when they are all for one request; none in a clash. */
function winners(claims: readonly Claim[]): readonly Claim[] {
  const best = strongest(claims);
  return best.every((claim) => claim.request === best[0]?.request) ? best : [];
}

function strongest(claims: readonly Claim[]): readonly Claim[] {
  const rank = claims.reduce((least, claim) => Math.min(least, claim.rank), Number.POSITIVE_INFINITY);
  return claims.filter((claim) => claim.rank === rank);
}

function settle(name: string, claims: readonly Claim[], siblings: readonly NamedRoute[]): Found {
  const best = winners(claims);
  // An `app.all` in front of a route of the same path is mostly a guard; the request is the same, and the route is shown.
  const chosen = best.find((claim) => claim.route.method !== 'ALL') ?? best[0];
  if (chosen === undefined) {
    const routes = [...new Set(strongest(claims).map((claim) => claim.route.named))];
    for (const route of routes) (route as Entry['named']).clashes = [...(route.clashes ?? []), name];
    return { kind: 'ambiguous', routes };
  }
  for (const route of new Set(best.map((claim) => claim.route))) route.named.functions.push(name);
  return { kind: 'route', route: chosen.route.named, method: chosen.method, rivals: rivalsOf(chosen, claims), siblings };
}

function rivalsOf(chosen: Claim, claims: readonly Claim[]): readonly NamedRoute[] {
  const isOwner = (claim: Claim) =>
    claim.request === chosen.request && claim.rank > RANK.handler && claim.rank < RANK.plural.byPath;
  if (!claims.some(isOwner)) return [];
  const rivals = claims.filter((claim) => claim.rank >= RANK.plural.byPath && claim.request !== chosen.request);
  return [...new Set(rivals.map((claim) => claim.route.named))];
}
