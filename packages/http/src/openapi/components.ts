import { isObject, resolvePointer, stepOf } from '../validation/json-schema.ts';
import type { Schema } from '../validation/schema.ts';
import type { JsonSchema, JsonSchemaObject, Side } from './document.ts';
import { mapSchema, stableText } from './schema-keywords.ts';
import { tellSchema } from './tell-schema.ts';

/** One schema of a route, as it can stand in a document. */
interface PlacedSchema {
  /** The whole of it. */
  whole(): JsonSchema;
  /** The properties of an object, each by itself; `undefined` where it is something else. */
  properties(): readonly PlacedProperty[] | undefined;
}

interface PlacedProperty {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** The schemas of a document that have names, and what refers to them. */
export interface Components {
  /** @param hint what a part of it is called that needs a name and has none: `CreateOrderBody` */
  place(schema: Schema, side: Side, hint: string): PlacedSchema;
  /** A schema of our own, by reference. */
  named(name: string, schema: JsonSchemaObject): JsonSchemaObject;
  /** Sorted by name. */
  all(): Readonly<Record<string, JsonSchema>>;
}

const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;
/** What libraries call a definition that nobody has named. */
const MADE_UP = /^(?:__schema|alias|domain|intersection|morph|proto|type|union|unit)?\d+$/;

interface Entry {
  /** Of what it was made. Two with the same are one. */
  readonly key: string;
  json: JsonSchema;
}

/** @param warn is told of each schema that cannot be described */
export function createComponents(warn: (schema: Schema, message: string) => void): Components {
  const entries = new Map<string, Entry>();
  const placed = new Map<Schema, Map<Side, PlacedSchema>>();

  /** The name under which `key` is kept, or is to be. */
  function claim(base: string, key: string, side: Side): { name: string; isNew: boolean } {
    const clean = base.replace(/[^A-Za-z0-9._-]+/g, '_') || 'Schema';
    // What is taken and what is given often differ by a default: each then has its own.
    const names = side === 'output' ? [clean] : [clean, `${clean}Input`];
    for (let count = 2; ; count++) {
      for (const name of names) {
        const entry = entries.get(name);
        if (entry === undefined) return { name, isNew: true };
        if (entry.key === key) return { name, isNew: false };
      }
      names.splice(0, names.length, `${names.at(-1)?.replace(/\d+$/, '')}${count}`);
    }
  }

  /** Keeps a part of `root` under a name of its own, and refers to it. */
  function hoist(root: Root, part: JsonSchemaObject, name: string): JsonSchemaObject {
    const key = stableText([part, reachedBy(root.json, part)]);
    const { name: own, isNew } = claim(name, key, root.side);
    if (isNew) {
      const entry: Entry = { key, json: true };
      entries.set(own, entry);
      entry.json = mapSchema(pointed(root, part), (inner) => rewrite(root, inner));
    }
    return { $ref: `#/components/schemas/${own}` };
  }

  /** A reference beside other keywords adds to them. */
  function pointed(root: Root, { $ref, ...others }: JsonSchemaObject): JsonSchemaObject {
    return typeof $ref === 'string' ? { ...others, ...refer(root, $ref) } : others;
  }

  /** @param reference within the root; elsewhere it stays as it is */
  function refer(root: Root, reference: string): JsonSchemaObject {
    if (!reference.startsWith('#')) return { $ref: reference };
    const target = resolvePointer(root.json, reference);
    if (isObject(target)) return hoist(root, target, nameOf(target, reference) ?? root.hint);
    return target === false ? { not: {} } : {};
  }

  function rewrite(root: Root, schema: JsonSchema): JsonSchema {
    if (!isObject(schema)) return schema;
    const title = titleOf(schema);
    if (title !== undefined && schema.$ref === undefined) return hoist(root, schema, title);
    return mapSchema(pointed(root, schema), (inner) => rewrite(root, inner));
  }

  function place(schema: Schema, side: Side, hint: string): PlacedSchema {
    const told = tellSchema(schema, side);
    if ('why' in told) {
      warn(schema, `${hint} is not described in the OpenAPI document: ${told.why}.`);
      const hole = { description: `Not described here: ${told.why}.` };
      return { whole: () => hole, properties: () => undefined };
    }
    const { json } = told;
    if (!isObject(json)) return { whole: () => json, properties: () => undefined };
    const root: Root = { json, side, hint };
    return {
      whole: () => rewrite(root, json),
      properties: () =>
        objectOf(json, json)?.map(({ name, schema: inner, isRequired }) => ({ name, schema: rewrite(root, inner), isRequired })),
    };
  }

  return {
    place(schema, side, hint) {
      const bySide = placed.get(schema) ?? new Map<Side, PlacedSchema>();
      placed.set(schema, bySide);
      const known = bySide.get(side) ?? place(schema, side, hint);
      bySide.set(side, known);
      return known;
    },
    named(base, schema) {
      const { name, isNew } = claim(base, stableText(schema), 'output');
      if (isNew) entries.set(name, { key: stableText(schema), json: schema });
      return { $ref: `#/components/schemas/${name}` };
    },
    all: () => Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { json }]) => [name, json])),
  };
}

interface Root {
  readonly json: JsonSchemaObject;
  readonly side: Side;
  readonly hint: string;
}

/** What it was called by whoever wrote it: a title that can be a name, or the key of a definition. */
function nameOf(schema: JsonSchemaObject, reference: string): string | undefined {
  const key = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1];
  const own = key === undefined ? undefined : stepOf(key);
  return own !== undefined && !MADE_UP.test(own) ? own : titleOf(schema);
}

/** Only objects are worth a name of their own; the title of a text or a number is for people. */
function titleOf({ title, type, properties }: JsonSchemaObject): string | undefined {
  const isRecord = type === 'object' || isObject(properties);
  return isRecord && typeof title === 'string' && NAME.test(title) ? title : undefined;
}

/** Everything that a part of `root` refers to, and what that refers to, by reference. */
function reachedBy(root: JsonSchemaObject, part: JsonSchemaObject): Readonly<Record<string, unknown>> {
  const found = new Map<string, unknown>();
  const walk = (schema: JsonSchema): JsonSchema => {
    if (!isObject(schema)) return schema;
    const { $ref } = schema;
    if (typeof $ref === 'string' && !found.has($ref)) {
      const target = resolvePointer(root, $ref);
      found.set($ref, target);
      if (isObject(target)) walk(target);
    }
    mapSchema(schema, walk);
    return schema;
  };
  walk(part);
  return Object.fromEntries(found);
}

/** The properties of an object, those of the parts that it is put together from included. */
function objectOf(root: JsonSchemaObject, schema: unknown, depth = 0): PlacedProperty[] | undefined {
  // A definition that refers to itself has no end.
  if (!isObject(schema) || depth > 16) return undefined;
  const { $ref, allOf, properties, required } = schema;
  if (typeof $ref === 'string') return objectOf(root, resolvePointer(root, $ref), depth + 1);
  const parts = Array.isArray(allOf) ? allOf.map((part) => objectOf(root, part, depth + 1)) : [];
  if (parts.includes(undefined) || (parts.length === 0 && !isObject(properties))) return undefined;
  const needed = Array.isArray(required) ? required : [];
  const own = Object.entries(isObject(properties) ? properties : {}).map(([name, inner]) => ({
    name,
    schema: inner as JsonSchema,
    isRequired: needed.includes(name),
  }));
  const all = [...(parts as PlacedProperty[][]).flat(), ...own];
  return [...new Map(all.map((property) => [property.name, property])).values()];
}
