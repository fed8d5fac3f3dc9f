import { markRouteName } from '@express-micro/core';

/**
 * What the reader relies on in Express's own objects. None of it is public, all of it has been stable since 4.21 and 5.0;
 * every part is checked before it is used, so that something else in its place is passed over and not misread.
 */
export interface Layer {
  readonly name?: unknown;
  readonly handle?: unknown;
  readonly route?: unknown;
  /** Set for a layer of one verb inside a route; `undefined` for `route.all`. */
  readonly method?: unknown;
  /** `use('/', …)` of router 2. */
  readonly slash?: unknown;
  /** The path as it was given: router 2.3 and later. */
  readonly rawPath?: unknown;
  /** One function a path: router 2. */
  readonly matchers?: unknown;
  /** Express 4. */
  readonly regexp?: unknown;
  readonly keys?: unknown;
}

export interface Router {
  readonly stack: readonly Layer[];
  readonly strict?: unknown;
}

export interface Route {
  readonly path: unknown;
  readonly stack: readonly Layer[];
  readonly methods: Readonly<Record<string, unknown>>;
}

export type AnyFunction = (...args: unknown[]) => unknown;

const ROUTER_MARK: unique symbol = Symbol.for('express-micro.router') as never;

/**
 * Tells the reader which router stands behind a function that it cannot look into.
 *
 * @example
 * app.use('/shop', declareRoutes((req, res, next) => shopRouter(req, res, next), shopRouter));
 */
export function declareRoutes<Handler extends object>(handler: Handler, router: object): Handler {
  Object.defineProperty(handler, ROUTER_MARK, { value: router, configurable: true });
  return handler;
}

/**
 * Gives a route the name by which it is called, above the handler's own and the derived one.
 *
 * @example
 * app.get('/orders/search', declareName((req, res) => { … }, 'findOrders'));
 */
export function declareName<Handler extends object>(handler: Handler, name: string): Handler {
  return markRouteName(handler, name);
}

export function declaredRouter(handler: object): object | undefined {
  const router = read(handler, ROUTER_MARK);
  return isObject(router) ? router : undefined;
}

/** What tracing tools put around a handler they take off again: shimmer, which most of them use, keeps the inner function. */
export function unwrapped(handler: unknown): unknown {
  let inner = handler;
  for (let depth = 0; depth < 16 && isObject(inner); depth++) {
    const original = read(inner, '__original');
    if (typeof original !== 'function') break;
    inner = original;
  }
  return inner;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

export function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

export function isRouter(value: unknown): value is Router {
  return isObject(value) && Array.isArray(read(value, 'stack'));
}

export function isRoute(value: unknown): value is Route {
  return isRouter(value) && isObject(read(value, 'methods'));
}

export function read(target: object, key: PropertyKey): unknown {
  return Reflect.get(target, key);
}
