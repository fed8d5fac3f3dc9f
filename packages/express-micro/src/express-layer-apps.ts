import {
  type AnyFunction,
  isFunction,
  isObject,
  isRouter,
  type Layer,
  type Router,
  read,
  unwrapped,
} from './express-layer-shapes.ts';

/**
 * The router of an application, if it has one by now. It is never made by asking: it takes over settings such as
 * `case sensitive routing` when it is made, and the app may not have set them yet.
 */
export function routerOfApp(app: object): Router | undefined {
  const ofExpress4: unknown = Object.getOwnPropertyDescriptor(app, '_router')?.value;
  if (isRouter(ofExpress4)) return ofExpress4;
  const { get, value } = Object.getOwnPropertyDescriptor(app, 'router') ?? {};
  const router: unknown = get === undefined ? value : askWithoutMaking(get);
  return isRouter(router) ? router : undefined;
}

/**
 * Express 5 makes the router in a getter, and reads the settings from `this` first. A `this` whose settings throw makes it
 * give up before there is a router; one that is there already is returned. Express 4's getter always throws.
 */
function askWithoutMaking(getter: AnyFunction): unknown {
  const noSettings = {
    enabled(): never {
      throw new Error('there is no router yet');
    },
  };
  try {
    return Reflect.apply(getter, noSettings, []);
  } catch {
    return undefined;
  }
}

/**
 * The application behind `app.use('/x', otherApp)`. Express hides it in a closure, so the closure is called once, with a
 * request that learns to which application it is given and stops there.
 *
 * - Express 5 gives the request its own prototype, on which `app` stands, before it touches its router.
 * - Express 4 does so in the second layer of its router; the first parses a query, which ours has already. Whatever comes
 *   after finds a request without URL and returns.
 */
export function mountedApp(layer: Layer): object | undefined {
  const handle = unwrapped(layer.handle);
  if (layer.name !== 'mounted_app' || !isFunction(handle)) return undefined;
  const probe = probeRequest();
  try {
    handle(probe.request, probe.response, () => {});
  } catch {
    // Express 5 is stopped by throwing; what else throws is no application of ours.
  }
  return probe.found();
}

class Stop extends Error {}

function probeRequest(): { request: object; response: object; found: () => object | undefined } {
  let app: object | undefined;
  let hasStopped = false;
  // What the closure gives back to the request when it is done; the probe must not take it for the app it looks for.
  const before = { request: {}, response: {} };
  const facts = { app: before, method: 'GET', query: {}, headers: {}, baseUrl: '', originalUrl: '/' };
  const request: object = new Proxy(facts, {
    get: (target, key, receiver) => (key === 'url' ? (hasStopped ? undefined : '/') : Reflect.get(target, key, receiver)),
    setPrototypeOf: (_target, prototype) => {
      if (hasStopped || prototype === null || prototype === before.request) return true;
      hasStopped = true;
      const owner = read(prototype, 'app');
      app = isObject(owner) ? owner : undefined;
      throw new Stop();
    },
  });
  const nothing = (): void => {};
  const response = new Proxy(
    { locals: {}, setHeader: nothing, removeHeader: nothing, end: nothing, on: nothing, once: nothing, removeListener: nothing },
    { setPrototypeOf: () => true },
  );
  return { request, response, found: () => app };
}
