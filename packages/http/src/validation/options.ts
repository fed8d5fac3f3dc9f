import { booleanOption, integerOption, type Option, OptionProblem } from '@express-micro/core';
import type { UnknownKeys } from './unknown-keys.ts';

export interface ValidationOptions {
  /**
   * What becomes of keys that a schema does not have: `'strip'` drops them, `'refuse'` answers 400, `'keep'` hands on those of the part itself
   * as they came. It needs a schema that tells its keys (Standard JSON Schema) and is an error at start elsewhere. Headers are never filtered.
   * @default 'as-the-schema-does': Zod and Valibot strip, ArkType keeps, `strictObject` refuses
   */
  readonly unknownKeys?: UnknownKeys | undefined;
  /**
   * Whether texts of query and path become the numbers, booleans and lists that their schema takes, where the schema tells it. With `false`
   * schemas see texts alone, and say themselves what to make of them (`z.coerce.number()`).
   * @default true
   */
  readonly coerce?: boolean | undefined;
  /** How deep a part may be nested, in levels; schemas recurse, and a stack has an end. @default 32 */
  readonly maxDepth?: number | undefined;
  /**
   * How many values a part may hold, those in lists and objects counted. Raising it lets one request keep the process busy for
   * longer; lowering it refuses large imports.
   * @default 100000
   */
  readonly maxValues?: number | undefined;
}

const UNKNOWN_KEYS: readonly unknown[] = ['as-the-schema-does', 'strip', 'refuse', 'keep'];

const unknownKeys: Option<UnknownKeys> = {
  takes: `one of ${UNKNOWN_KEYS.map((each) => `"${each}"`).join(', ')}`,
  fallback: () => 'as-the-schema-does',
  read(value) {
    if (!UNKNOWN_KEYS.includes(value)) throw new OptionProblem();
    return value as UnknownKeys;
  },
};

export const VALIDATION_OPTIONS: {
  readonly unknownKeys: Option<UnknownKeys>;
  readonly coerce: Option<boolean>;
  readonly maxDepth: Option<number>;
  readonly maxValues: Option<number>;
} = Object.freeze({
  unknownKeys,
  coerce: booleanOption(true),
  maxDepth: integerOption('a number of levels', { min: 1, max: 512 }, () => 32),
  maxValues: integerOption('a number of values', { min: 1, max: 10_000_000 }, () => 100_000),
});
