import { atMostListed, MAX_ROUTES, type RouteDescriptor } from '@express-micro/mesh';
import { mountedApp, routerOfApp } from './express-layer-apps.ts';
import { readMountPaths } from './express-layer-mount.ts';
import { joinPaths, type Prefix, ROOT } from './express-layer-path.ts';
import { describeRoute } from './express-layer-route.ts';
import {
  declaredRouter,
  isObject,
  isRoute,
  isRouter,
  type Layer,
  type Route,
  type Router,
  unwrapped,
} from './express-layer-shapes.ts';

export { declareName, declareRoutes } from './express-layer-shapes.ts';

export interface RouteReader {
  /**
   * The routes as they are now, in the order in which requests meet them. The same array while nothing has changed.
   *
   * Reading changes nothing: it makes no router where the app has none yet, and runs no middleware or handler.
   */
  read(): readonly RouteDescriptor[];
}

/** Routers within routers below this are not followed; nobody mounts so deep on purpose. */
const MAX_DEPTH = 16;

/** What has been found out about one layer. It is found out again when a tool has put another function in its place. */
interface LayerMemory {
  readonly handle: unknown;
  /** The router or application behind it, if any. */
  readonly target: object | undefined;
  /** By the place where the layer's own router is mounted; one router may be mounted at several. */
  readonly mounts: WeakMap<Prefix, Prefix>;
  readonly routes: WeakMap<Prefix, { readonly handlers: number; readonly descriptors: readonly RouteDescriptor[] }>;
}

/**
 * Reads the routes of an Express 4.21+ or 5 application, those of mounted routers and applications included, other copies
 * of Express among them.
 *
 * A router that is called from within a function cannot be seen: {@link declareRoutes} tells of it. Each layer is looked
 * into once, so that reading again costs a walk over the layers.
 */
export function createRouteReader(app: object): RouteReader {
  const memories = new WeakMap<Layer, LayerMemory>();
  let last: readonly RouteDescriptor[] = [];

  function recall(layer: Layer): LayerMemory {
    let memory = memories.get(layer);
    // An application of Express 4 shows itself only once it has a router.
    const isOpen = memory?.target === undefined && layer.name === 'mounted_app';
    if (memory === undefined || memory.handle !== layer.handle || isOpen) {
      memory = { handle: layer.handle, target: targetOf(layer), mounts: new WeakMap(), routes: new WeakMap() };
      memories.set(layer, memory);
    }
    return memory;
  }

  function routesOf(layer: Layer, route: Route, prefix: Prefix, isStrict: boolean): readonly RouteDescriptor[] {
    const { routes } = recall(layer);
    let known = routes.get(prefix);
    if (known?.handlers !== route.stack.length) {
      known = { handlers: route.stack.length, descriptors: describeRoute(layer, route, prefix, isStrict) };
      routes.set(prefix, known);
    }
    return known.descriptors;
  }

  function mountOf(layer: Layer, memory: LayerMemory, prefix: Prefix): Prefix {
    let mount = memory.mounts.get(prefix);
    if (mount === undefined) {
      mount = joinPaths(prefix, readMountPaths(layer), false);
      memory.mounts.set(prefix, mount);
    }
    return mount;
  }

  function walk(router: Router, prefix: Prefix, above: readonly Router[], found: RouteDescriptor[]): void {
    // A router within itself has no end.
    if (above.length >= MAX_DEPTH || above.includes(router)) return;
    for (const layer of router.stack) {
      if (found.length > MAX_ROUTES) return;
      if (isRoute(layer.route)) {
        found.push(...routesOf(layer, layer.route, prefix, router.strict === true));
        continue;
      }
      const memory = recall(layer);
      if (memory.target === undefined) continue;
      const inner = routerBehind(memory.target);
      if (inner !== undefined) walk(inner, mountOf(layer, memory, prefix), [...above, router], found);
    }
  }

  return {
    read() {
      const all: RouteDescriptor[] = [];
      const router = routerBehind(app);
      if (router !== undefined) walk(router, ROOT, [], all);
      const found = atMostListed(all);
      if (found.length !== last.length || found.some((route, index) => route !== last[index])) last = found;
      return last;
    },
  };
}

function routerBehind(target: object): Router | undefined {
  return isRouter(target) ? target : routerOfApp(target);
}

/** The router or application that a layer leads to. Plain middleware leads nowhere. */
function targetOf(layer: Layer): object | undefined {
  const { handle } = layer;
  const inner = unwrapped(handle);
  for (const handler of [handle, inner]) {
    if (!isObject(handler)) continue;
    const declared = declaredRouter(handler);
    if (declared !== undefined) return declared;
    // An app among the handlers of a plain router stands there as it is.
    if (isRouter(handler) || Object.hasOwn(handler, 'mountpath')) return handler;
  }
  return mountedApp(layer);
}
