import { httpError } from '../errors.ts';
import { type JsonSchema, jsonSchemaOf, partsOf, propertiesOf } from './json-schema.ts';
import type { Schema } from './schema.ts';

/** What becomes of keys that a schema does not have. */
export type UnknownKeys = 'as-the-schema-does' | 'strip' | 'refuse' | 'keep';

/** The keys that a schema has, as deep as they can be known: objects in lists and in objects. One that holds itself holds itself here, too. */
interface Shape {
  keys: ReadonlyMap<string, Shape | undefined> | undefined;
  items: Shape | undefined;
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
  const shape = shapeOf(told, told, []);
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

interface Known {
  readonly parts: readonly JsonSchema[];
  readonly shape: Shape;
}

/** @param known what is read already, or is being read: a schema may be within itself */
function shapeOf(root: JsonSchema, schema: unknown, known: Known[]): Shape | undefined {
  const parts = partsOf(root, schema);
  if (parts.length === 0) return undefined;
  const before = known.find((one) => one.parts.length === parts.length && one.parts.every((part, at) => part === parts[at]));
  if (before !== undefined) return before.shape;
  const shape: Shape = { keys: undefined, items: undefined };
  known.push({ parts, shape });
  const items = parts.find((part) => part.items !== undefined)?.items;
  shape.items = shapeOf(root, items, known);
  const properties = parts.every(isClosed) ? propertiesOf(root, schema) : undefined;
  if (properties !== undefined)
    shape.keys = new Map([...properties].map(([key, property]) => [key, shapeOf(root, property, known)] as const));
  return shape.keys === undefined && shape.items === undefined ? undefined : shape;
}

/** Neither a record, nor an object that says itself that it takes any key, nor something of which nothing is told. */
function isClosed({ properties, patternProperties, additionalProperties }: JsonSchema): boolean {
  const takesMore = additionalProperties !== undefined && additionalProperties !== false;
  return properties !== undefined && patternProperties === undefined && !takesMore;
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
