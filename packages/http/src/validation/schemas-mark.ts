import type { Schema } from './schema.ts';

/** The schemas of the parts of a request. */
export type PartSchemas = Readonly<Partial<Record<'params' | 'query' | 'body' | 'headers', Schema | undefined>>>;

const MARK: unique symbol = Symbol.for('express-micro.schemas') as never;

/** Puts on a middleware what it judges by, for whoever describes the routes that it stands in front of. */
export function markSchemas<Target extends object>(middleware: Target, schemas: PartSchemas): Target {
  Object.defineProperty(middleware, MARK, { value: Object.freeze({ ...schemas }), configurable: true });
  return middleware;
}

/** What {@link markSchemas} of any copy of this package has put on it. */
export function schemasOf(middleware: object): PartSchemas | undefined {
  const mark = (middleware as { readonly [MARK]?: unknown })[MARK];
  return typeof mark === 'object' && mark !== null ? mark : undefined;
}
