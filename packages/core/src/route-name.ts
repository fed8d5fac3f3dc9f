const MARK: unique symbol = Symbol.for('express-micro.contract') as never;

/** The errors that a contract declares, as others have to know them: the status by code. */
export type DeclaredStatuses = Readonly<Record<string, number>>;

interface Mark {
  readonly name?: unknown;
  readonly declares?: unknown;
}

/**
 * Puts on a handler the name by which its route is called, above the handler's own and the derived one.
 *
 * @param declares of a contract: the errors that it declares, and that there are no others
 */
export function markRouteName<Handler extends object>(handler: Handler, name: string, declares?: DeclaredStatuses): Handler {
  const mark = { name, ...(declares !== undefined && { declares: Object.freeze({ ...declares }) }) };
  Object.defineProperty(handler, MARK, { value: Object.freeze(mark), configurable: true });
  return handler;
}

/** The name that {@link markRouteName} of any copy of this package has put on a handler. */
export function routeNameOf(handler: object): string | undefined {
  const name = markOf(handler)?.name;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** The errors that its contract declares; `undefined` where it is none. */
export function declaredBy(handler: object): DeclaredStatuses | undefined {
  const declares = markOf(handler)?.declares;
  return typeof declares === 'object' && declares !== null ? (declares as DeclaredStatuses) : undefined;
}

function markOf(handler: object): Mark | undefined {
  const mark = (handler as { [MARK]?: unknown })[MARK];
  return typeof mark === 'object' && mark !== null ? mark : undefined;
}
