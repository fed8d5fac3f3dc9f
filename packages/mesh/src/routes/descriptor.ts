/**
 * One route as the mesh speaks of it, whatever framework declared it. This is also its form on the wire.
 *
 * Paths are templates of our own small grammar, not a framework's: literal text, `:name` for one segment or a part of
 * one, `*name` for one or more segments. Optional groups are written out as several paths, the longest first.
 */
export interface RouteDescriptor {
  /** `GET`, `POST`, … in capitals, or `ALL` for a route that takes every method. */
  readonly method: string;
  /** At least one template; more than one for a route declared with an array of paths or with optional parts. */
  readonly paths: readonly string[];
  /** Own name of the last handler. Absent when it is anonymous. */
  readonly handler?: string;
  /** Name declared by a contract; ranks above the handler's. */
  readonly contract?: string;
  /**
   * Of a contract: the status of each error that it declares, by its code. Absent where nobody has said which errors there are.
   * Whatever else a call of it fails with is not declared.
   */
  readonly declares?: Readonly<Record<string, number>>;
  /** Why nobody can call it by name, in words for people: `regular expression`. */
  readonly uncallable?: string;
}
