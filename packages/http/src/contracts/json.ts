/**
 * What a caller reads where `T` was written as JSON: a Date becomes its text, what has a `toJSON` what that gives, a function nothing.
 */
export type Jsonified<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends { toJSON(...args: never): infer Written }
    ? Jsonified<Written>
    : T extends bigint | symbol | ((...args: never) => unknown)
      ? never
      : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
        ? Record<never, never>
        : { [K in keyof T]: Jsonified<T[K]> };
