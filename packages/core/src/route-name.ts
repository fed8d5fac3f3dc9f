const MARK: unique symbol = Symbol.for('express-micro.contract') as never;

/** Puts on a handler the name by which its route is called, above the handler's own and the derived one. */
export function markRouteName<Handler extends object>(handler: Handler, name: string): Handler {
  Object.defineProperty(handler, MARK, { value: Object.freeze({ name }), configurable: true });
  return handler;
}

/** The name that {@link markRouteName} of any copy of this package has put on a handler. */
export function routeNameOf(handler: object): string | undefined {
  const mark = (handler as { [MARK]?: { readonly name?: unknown } | undefined })[MARK];
  const name = typeof mark === 'object' && mark !== null ? mark.name : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
