/** What a contract tells the compiler about calls of it from another service. */
export interface CallShape {
  /** What `services.x.f(args)` takes; `undefined` in it where it may be left out. */
  readonly args: unknown;
  /** What `services.x.f.request(…)` takes: `params`, `query`, `body`. */
  readonly request: object;
  /** What it answers: what JSON makes of it. */
  readonly data: unknown;
  /** The errors that it declares, as a caller reads them. */
  readonly failure: unknown;
}

/**
 * The seam between contracts and calls, for the compiler alone: the property is never there. Contracts carry it, and the mesh reads
 * it off `typeof routes` where a service is declared. So neither package knows the other.
 */
export interface CallableRoute<Shape> {
  readonly '~call'?: Shape | undefined;
}
