import type { RouteDefinition } from '../contracts/definition.ts';

/** What the definition of a contract may say beside its method and its path. */
export type Said = Omit<RouteDefinition, 'method' | 'path' | 'use' | 'checkResponse'>;

/**
 * A route that is no contract, as far as it is known. What `micro.routes()` of express-micro answers is a list of these; by hand it is
 * `{ method: 'GET', path: '/orders/:id', name: 'getOrder' }`, with whatever else of a contract it keeps.
 */
export interface PlainRoute extends Said {
  /** In capitals; `ALL` for every method. */
  readonly method: string;
  /** `/orders/:id` */
  readonly path?: string | undefined;
  /** Where there are several. */
  readonly paths?: readonly string[] | undefined;
  readonly name?: string | undefined;
  /** The middleware in front of it, where `micro.routes()` does not tell: `validate()` and the guards of this package say what they ask for. */
  readonly use?: readonly object[] | undefined;
  /** The name of the contract that it serves. */
  readonly contract?: string | undefined;
  /** The name of its handler. */
  readonly handler?: string | undefined;
  /** The names by which the mesh calls it. */
  readonly functions?: readonly string[] | undefined;
  /** Why it cannot be told, in words for people: a regular expression. */
  readonly uncallable?: string | undefined;
}

/** What it is called, by whoever said it most clearly. */
export function nameOfPlain({ name, contract, handler, functions }: PlainRoute): string | undefined {
  return [name, contract, handler, functions?.[0]].find((each) => typeof each === 'string' && each !== '');
}
