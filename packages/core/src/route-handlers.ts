const HANDLERS: unique symbol = Symbol.for('express-micro.handlers.1') as never;

/**
 * Keeps with a description of a route what stands in it, for whoever in this process reads what they say of themselves. It is on no list, and goes over
 * no network.
 */
export function keepHandlers<Route extends object>(route: Route, handlers: readonly object[]): Route {
  return Object.defineProperty(route, HANDLERS, { value: handlers });
}

/** What {@link keepHandlers} of any copy of this package has kept, in the order in which requests meet them. */
export function handlersOf(route: object): readonly object[] {
  const kept = (route as { readonly [HANDLERS]?: unknown })[HANDLERS];
  return Array.isArray(kept) ? kept : [];
}
