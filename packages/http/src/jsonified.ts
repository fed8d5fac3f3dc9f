/** What JSON leaves out of an object, and writes as `null` in a list. */
type Unwritten = symbol | ((...args: never) => unknown);

/**
 * What a caller reads where `T` was written as JSON: a Date becomes its text, what has a `toJSON` what that gives; a function is not there. The
 * order of the questions is that of the compiler's work: most of what is asked for is a text, a number, a list.
 */
export type Jsonified<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly unknown[]
    ? { [K in keyof T]: JsonifiedItem<T[K]> }
    : T extends { toJSON(...args: never): infer Written }
      ? Jsonified<Written>
      : T extends bigint
        ? never
        : T extends Unwritten
          ? undefined
          : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
            ? Record<never, never>
            : unknown extends T
              ? unknown
              : { [K in keyof T]: Jsonified<T[K]> };

type JsonifiedItem<T> = T extends undefined | Unwritten ? null : Jsonified<T>;
