import { httpError } from '../errors.ts';
import { type JsonSchema, jsonSchemaOf, type Schema } from './schema.ts';

/** What becomes of keys that a schema does not have. */
export type UnknownKeys = 'as-the-schema-does' | 'strip' | 'refuse' | 'keep';

/** The keys that a schema has, as deep as they can be known: objects in lists and in objects. */
interface Shape {
  readonly keys: ReadonlyMap<string, Shape | undefined> | undefined;
  readonly items: Shape | undefined;
}

/** Finds what is unknown, or takes it off. */
export interface KeyFilter {
  /** The paths of unknown keys, at most `limit`. */
  find(value: unknown, limit: number): readonly (readonly PropertyKey[])[];
  /** The value without them. The given one is not changed. */
  strip(value: unknown): unknown;
  /** The unknown keys of the value itself, with what they hold. */
  rest(value: unknown): Record<string, unknown>;
}

/**
 * Which keys a schema has is known from its JSON Schema. Unions, records and objects that say that they
 * take any key have no list: for them the schema's own rule stands.
 * `undefined` where there is nothing to filter.
 *
 * @throws HTTP_SCHEMA_INVALID where the library does not tell the keys
 */
export function keyFilterFor(schema: Schema, place: string): KeyFilter | undefined {
  const told = jsonSchemaOf(schema, 'input');
  if (told === undefined) {
    throw httpError(
      'HTTP_SCHEMA_INVALID',
      `"unknownKeys" of ${place} needs to know the keys of the schema, and this one does not tell them (by Standard JSON Schema: Zod 4.2+, ` +
        'ArkType 2.1.28+, Valibot with toStandardJsonSchema). Say it in the schema itself (z.strictObject, v.strictObject, "+": "reject").',
    );
  }
  const shape = shapeOf(told);
  if (shape === undefined) return undefined;
  return {
    find(value, limit) {
      const found: PropertyKey[][] = [];
      collect(value, shape, [], found, limit);
      return found;
    },
    strip: (value) => stripped(value, shape),
    rest(value) {
      if (!isObject(value) || shape.keys === undefined) return {};
      return Object.fromEntries(Object.entries(value).filter(([key]) => !shape.keys?.has(key)));
    },
  };
}

function shapeOf(schema: unknown): Shape | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { properties, additionalProperties, patternProperties, items } = schema as JsonSchema;
  const inner = shapeOf(items);
  // A record, or an object that says itself that it takes any key.
  const isOpen = patternProperties !== undefined || (additionalProperties !== undefined && additionalProperties !== false);
  const keys =
    properties === undefined || isOpen
      ? undefined
      : new Map(Object.entries(properties).map(([key, property]) => [key, shapeOf(property)] as const));
  return keys === undefined && inner === undefined ? undefined : { keys, items: inner };
}

function collect(value: unknown, shape: Shape, path: PropertyKey[], found: PropertyKey[][], limit: number): void {
  if (Array.isArray(value)) {
    if (shape.items === undefined) return;
    for (let index = 0; index < value.length && found.length < limit; index++) {
      collect(value[index], shape.items, [...path, index], found, limit);
    }
  } else if (isObject(value) && shape.keys !== undefined) {
    for (const key of Object.keys(value)) {
      if (found.length >= limit) return;
      const inner = shape.keys.get(key);
      if (inner !== undefined) collect(value[key], inner, [...path, key], found, limit);
      else if (!shape.keys.has(key)) found.push([...path, key]);
    }
  }
}

function stripped(value: unknown, shape: Shape): unknown {
  if (Array.isArray(value)) {
    const { items } = shape;
    return items === undefined ? value : value.map((item) => stripped(item, items));
  }
  if (!isObject(value) || shape.keys === undefined) return value;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (!shape.keys.has(key)) continue;
    const inner = shape.keys.get(key);
    kept[key] = inner === undefined ? value[key] : stripped(value[key], inner);
  }
  return kept;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
