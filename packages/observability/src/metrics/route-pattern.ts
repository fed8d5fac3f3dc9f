// Hot path: every request that takes a route passes here. Its bench: bench/metrics-cost.mjs

import type { IncomingMessage } from 'node:http';
import { matchMount, mountPattern, showMount, showPath } from './mount-pattern.ts';

/**
 * What the reader relies on in Express's own objects. None of it is public, all of it has been stable since 4.21 and 5.0.
 */
export interface MountLayer {
  readonly handle?: unknown;
  readonly route?: unknown;
}

export interface RoutedApp {
  /** The prototype of its requests; those of mounted apps inherit from it. */
  readonly request: object;
}

interface App {
  readonly parent?: App;
  readonly mountpath?: unknown;
  readonly router?: { readonly stack?: unknown };
  readonly _router?: { readonly stack?: unknown };
}

interface RoutedRequest extends IncomingMessage {
  baseUrl?: string;
  app?: App;
  [ROUTE]?: unknown;
  readonly [KNOWN]?: WeakMap<object, Known>;
  [PATTERN]?: string | undefined;
}

/** Known to every copy of this package: the first one to watch an app tells all. */
const ROUTE: unique symbol = Symbol.for('express-micro.route.1') as never;
const KNOWN: unique symbol = Symbol.for('express-micro.known-routes.1') as never;
/** Only where the address of the request has decided: a property more costs a request more than all of the counting. */
const PATTERN: unique symbol = Symbol.for('express-micro.route-pattern.1') as never;
/** A router that stands behind a function, as `declareRoutes` of express-micro says it. */
const DECLARED: unique symbol = Symbol.for('express-micro.router') as never;

/** Deeper or more often mounted than anybody does on purpose. */
const MAX_DEPTH = 20;
const MAX_PLACES = 50;
const MAX_LENGTH = 200;

/** Where a route stands: the layers at which its router, and that one's, are mounted. */
type Place = readonly MountLayer[];

/** What is known of a route: its pattern, or the places between which the address of a request decides. */
type Known = string | { readonly before: string; readonly places: readonly Place[]; readonly path: string };

/**
 * Learns which route each request of an app takes, as the pattern under which it was declared: `/shops/:shop/orders/:id`, with
 * the paths at which its routers and apps are mounted.
 *
 * Express tells the path of a mounted router only as it was sent (`/shops/42`, or `/SHOPS/42`), and forgets it when a handler
 * fails. So this listens for the moment in which a request is given its route, and looks the route up in the tree of routers,
 * once for each route. Nothing of what a client sends becomes part of a pattern.
 */
export function watchRoutes(app: RoutedApp): void {
  const { request } = app;
  if (Object.hasOwn(request, 'route')) return;
  const known = new WeakMap<object, Known>();
  Object.defineProperty(request, 'route', {
    configurable: true,
    enumerable: false,
    get(this: RoutedRequest) {
      return this[ROUTE];
    },
    set(this: RoutedRequest, route: unknown) {
      this[ROUTE] = route;
      if (typeof route === 'object' && route !== null) learn(known, app as unknown as App, this, route);
    },
  });
  Object.defineProperty(request, KNOWN, { value: known });
}

/** The pattern of the last route that a request took; `undefined` where it took none. */
export function routePatternOf(req: IncomingMessage): string | undefined {
  const { [ROUTE]: route, [KNOWN]: known } = req as RoutedRequest;
  if (route !== undefined) {
    const found = known?.get(route as object);
    return typeof found === 'string' ? found : (req as RoutedRequest)[PATTERN];
  }
  if (!Object.hasOwn(req, 'route')) return undefined;
  // An app that a router calls as a function has prototypes of its own: where it is mounted it does not know itself.
  const { path } = ((req as { route?: unknown }).route ?? {}) as { path?: unknown };
  return path === undefined ? undefined : joined('', showPath(path));
}

/** While it is still known where the request stands: when it has ended, it is not. */
function learn(known: WeakMap<object, Known>, root: App, req: RoutedRequest, route: object): void {
  let found = known.get(route);
  if (typeof found === 'string') return;
  if (found === undefined) {
    found = look(root, req, route);
    known.set(route, found);
    if (typeof found === 'string') return;
  }
  const { before, places, path } = found;
  const baseUrl = req.baseUrl ?? '';
  const place = places.find((one) => addressFor(one, baseUrl) !== undefined) ?? (places[0] as Place);
  req[PATTERN] = joined(before + prefixOf(place, baseUrl), path);
}

function look(root: App, req: RoutedRequest, route: object): Known {
  const path = showPath((route as { path?: unknown }).path);
  const app = req.app ?? root;
  const baseUrl = req.baseUrl ?? '';
  const before = placeOfApp(root, app, baseUrl);
  const places = placesOf(stackOf(app), (layer) => layer.route === route);
  if (places.length <= 1) return joined(before + prefixOf(places[0] ?? [], baseUrl), path);
  return { before, places, path };
}

/** An app that is mounted on an app knows where; one that a router calls is found in the tree. */
function placeOfApp(root: App, app: App, baseUrl: string): string {
  if (app.parent !== undefined) return placeOfApp(root, app.parent, baseUrl) + showMount(app.mountpath);
  if (app === root) return '';
  const [place] = placesOf(stackOf(root), (layer) => layer.handle === app);
  return prefixOf(place ?? [], baseUrl);
}

/** Of the address at which a request arrived the end that these layers took: what stands before it belongs to apps around them. */
function addressFor(place: Place, baseUrl: string): string | undefined {
  for (let from = 0; from >= 0; from = baseUrl.indexOf('/', from + 1)) {
    const address = baseUrl.slice(from);
    if (matchMount(place, address)) return address;
  }
  return place.length === 0 || matchMount(place, '') ? '' : undefined;
}

function prefixOf(place: Place, baseUrl: string): string {
  let left = addressFor(place, baseUrl) ?? '';
  let prefix = '';
  for (const layer of place) {
    const { pattern, length } = mountPattern(layer, left);
    prefix += pattern;
    left = left.slice(length);
  }
  return prefix;
}

function placesOf(stack: readonly MountLayer[], isWanted: (layer: MountLayer) => boolean): Place[] {
  const places: Place[] = [];
  const above: MountLayer[] = [];
  const open = new Set<unknown>();

  function search(layers: readonly MountLayer[]): void {
    if (open.has(layers) || above.length >= MAX_DEPTH) return;
    open.add(layers);
    for (const layer of layers) {
      if (places.length >= MAX_PLACES) break;
      if (isWanted(layer)) places.push(layer.route === undefined ? [...above, layer] : [...above]);
      const inner = layer.route === undefined ? stackOfHandle(layer.handle) : undefined;
      if (inner === undefined) continue;
      above.push(layer);
      search(inner);
      above.pop();
    }
    open.delete(layers);
  }

  search(stack);
  return places;
}

/** Of an app that serves a request, so its router is made: asking for it earlier would freeze the app's settings. */
function stackOf(app: App): readonly MountLayer[] {
  const stack = (app._router ?? app.router)?.stack;
  return Array.isArray(stack) ? stack : [];
}

function stackOfHandle(handle: unknown): readonly MountLayer[] | undefined {
  const router = (handle as { [DECLARED]?: unknown } | undefined)?.[DECLARED] ?? handle;
  const stack = (router as { stack?: unknown } | undefined)?.stack;
  return Array.isArray(stack) ? stack : undefined;
}

function joined(prefix: string, path: string): string {
  const pattern = path === '/' && prefix !== '' ? prefix : prefix + path;
  return pattern.slice(0, MAX_LENGTH);
}
