type Primitive = string | number | boolean | null;

/** What JSON leaves out of an object, and writes as `null` in a list. */
type Unwritten = undefined | symbol | ((...args: never) => unknown);

/**
 * What a caller reads where `T` was written as JSON: a Date becomes its text, what has a `toJSON` what that gives; a property that is a function is
 * not there.
 */
export type Jsonified<T> = unknown extends T
  ? T
  : T extends Primitive | undefined
    ? T
    : T extends { toJSON(...args: never): infer Written }
      ? Jsonified<Written>
      : T extends bigint | Unwritten
        ? never
        : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
          ? Record<never, never>
          : T extends readonly unknown[]
            ? { [K in keyof T]: JsonifiedItem<T[K]> }
            : JsonifiedObject<T>;

type JsonifiedItem<T> = unknown extends T ? T : T extends Unwritten ? null : Jsonified<T>;

type JsonifiedObject<T> = { [K in keyof T as WrittenKey<K, T[K]>]: Jsonified<T[K]> };

type WrittenKey<K, V> = K extends symbol ? never : [V] extends [symbol | ((...args: never) => unknown)] ? never : K;
