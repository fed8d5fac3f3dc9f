import { type JsonSchema, jsonSchemaOf, partsOf, propertiesOf } from './json-schema.ts';
import type { Schema } from './schema.ts';

/** Makes of texts what a schema takes in their place; leaves alone what it cannot. */
export type Coercion = (value: unknown) => unknown;

/** As JSON writes numbers. `007`, `0x1f`, ` 1` and the empty text are no numbers, and stay for the schema to judge. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A query and the parameters of a path are texts. What a schema takes in the place of a text is known from its JSON Schema, where its
 * library tells it: there `"20"` becomes 20, `"true"` true, and a single value a list of one. A property that takes texts, too, is left.
 *
 * `undefined` where nothing is known, or nothing is to be done: the schema sees the texts.
 */
export function coercionFor(schema: Schema): Coercion | undefined {
  const root = jsonSchemaOf(schema, 'input');
  const properties = root === undefined ? undefined : propertiesOf(root, root);
  if (root === undefined || properties === undefined) return undefined;
  const coercions = [...properties].flatMap(([key, property]) => {
    const coercion = ofProperty(root, property);
    return coercion === undefined ? [] : [[key, coercion] as const];
  });
  if (coercions.length === 0) return undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const given = value as Record<string, unknown>;
    let changed: Record<string, unknown> | undefined;
    for (const [key, coercion] of coercions) {
      if (!Object.hasOwn(given, key)) continue;
      const before = given[key];
      const after = coercion(before);
      if (after === before) continue;
      changed ??= { ...given };
      changed[key] = after;
    }
    return changed ?? value;
  };
}

/** No text of a query is a list of lists of lists; a schema that holds itself would have no end. */
const MAX_DEPTH = 4;

function ofProperty(root: JsonSchema, property: unknown, depth = 0): Coercion | undefined {
  const parts = partsOf(root, property);
  const types = typesOf(root, parts, depth);
  if (types === undefined || types.has('string')) return undefined;
  const scalar = ofScalar(types);
  if (!types.has('array') || depth === MAX_DEPTH) return scalar;
  const items = parts.find((part) => part.items !== undefined)?.items;
  const item = items === undefined ? undefined : ofProperty(root, items, depth + 1);
  return (value) => {
    // A query cannot say that a single value is meant as a list of one.
    const list = Array.isArray(value) ? value : [value];
    return item === undefined ? list : list.map(item);
  };
}

function ofScalar(types: ReadonlySet<string>): Coercion | undefined {
  const takesNumber = types.has('number') || types.has('integer');
  const takesBoolean = types.has('boolean');
  if (!takesNumber && !takesBoolean) return undefined;
  return (value) => {
    if (typeof value !== 'string') return value;
    if (takesBoolean && (value === 'true' || value === 'false')) return value === 'true';
    if (!takesNumber || !NUMBER.test(value)) return value;
    const number = Number(value);
    // Past 2^53 digits are lost: another id than the one that was asked for.
    const isExact = Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number);
    return isExact ? number : value;
  };
}

/** The types that all parts take; `undefined` where it may be anything. */
function typesOf(root: JsonSchema, parts: readonly JsonSchema[], depth: number): ReadonlySet<string> | undefined {
  const told = parts.flatMap((part) => typesOfOne(root, part, depth) ?? []);
  const [first, ...others] = told;
  return first && new Set([...first].filter((type) => others.every((other) => other.has(type))));
}

function typesOfOne(root: JsonSchema, schema: JsonSchema, depth: number): ReadonlySet<string> | undefined {
  if (typeof schema.type === 'string') return new Set([schema.type]);
  if (Array.isArray(schema.type)) return new Set(schema.type);
  if (schema.enum !== undefined) return new Set(schema.enum.map(typeName));
  if (schema.const !== undefined) return new Set([typeName(schema.const)]);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches === undefined || depth > MAX_DEPTH) return undefined;
  const all = new Set<string>();
  for (const branch of branches) {
    const types = typesOf(root, partsOf(root, branch), depth + 1);
    if (types === undefined) return undefined;
    for (const type of types) all.add(type);
  }
  return all;
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
