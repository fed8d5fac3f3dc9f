import type { Schema } from './schema.ts';

/** A JSON Schema as far as it is looked at here. */
export interface JsonSchema {
  readonly $ref?: unknown;
  readonly allOf?: readonly JsonSchema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: unknown;
  readonly patternProperties?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** The newest draft, with a hole where JSON has no word (a Date): in Zod's words, in Valibot's and in ArkType's. */
const DRAFT = Object.freeze({
  target: 'draft-2020-12',
  libraryOptions: Object.freeze({
    unrepresentable: 'any',
    errorMode: 'ignore',
    fallback: ({ base }: { readonly base: unknown }) => base,
  }),
});

/** What a schema takes, or gives, as JSON Schema; `undefined` where its library does not tell (Standard JSON Schema). */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output'): JsonSchema | undefined {
  const standard = schema['~standard'] as { readonly jsonSchema?: Record<string, unknown> };
  const convert = standard.jsonSchema?.[side];
  if (typeof convert !== 'function') return undefined;
  try {
    const json: unknown = convert.call(standard.jsonSchema, DRAFT);
    return isObject(json) ? (json as JsonSchema) : undefined;
  } catch {
    // Something in it has no word in JSON Schema, and this library does not leave holes.
    return undefined;
  }
}

/** References that lead to references, and parts within parts, have an end. */
const MAX_STEPS = 32;

/**
 * The schemas that a part of `root` has to be right by, all of them. What has a name (`.meta({ id })` of Zod) is written as a reference to
 * it, what may be `null` as a choice of two, and an intersection as `allOf`: none of them says by itself what it takes. Empty where that
 * has no end.
 */
export function partsOf(root: JsonSchema, part: unknown): readonly JsonSchema[] {
  const found: JsonSchema[] = [];
  const open: unknown[] = [part];
  for (let steps = 0; open.length > 0 && steps < MAX_STEPS; steps += 1) {
    const next = open.shift();
    if (!isObject(next)) continue;
    const schema: JsonSchema = next;
    const { $ref, allOf, properties } = schema;
    const only = orNull(schema);
    if (typeof $ref === 'string') open.push(resolvePointer(root, $ref));
    if (Array.isArray(allOf)) open.push(...allOf);
    if (only !== undefined) open.push(only);
    if (properties !== undefined || ($ref ?? allOf ?? only) === undefined) found.push(schema);
  }
  return open.length > 0 ? [] : found;
}

/** What is meant by a choice between it and `null`. */
function orNull({ anyOf, oneOf }: JsonSchema): JsonSchema | undefined {
  const branches = anyOf ?? oneOf;
  const others = branches?.filter(({ type }) => type !== 'null');
  return others?.length === 1 && others.length < (branches?.length ?? 0) ? others[0] : undefined;
}

/** The properties of an object, each as it is written; `undefined` where none are told. */
export function propertiesOf(root: JsonSchema, part: unknown): ReadonlyMap<string, JsonSchema> | undefined {
  const told = partsOf(root, part).flatMap(({ properties }) => (properties === undefined ? [] : [properties]));
  if (told.length === 0) return undefined;
  const all = new Map<string, JsonSchema>();
  for (const properties of told) {
    for (const [key, property] of Object.entries(properties)) {
      const before = all.get(key);
      all.set(key, before === undefined ? property : { allOf: [before, property] });
    }
  }
  return all;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a reference within `root` points to (RFC 6901); `undefined` where there is nothing. */
export function resolvePointer(root: object, reference: string): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let value: unknown = root;
  for (const step of reference.slice(2).split('/')) {
    const key = stepOf(step);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The key that a step of a pointer stands for. */
export function stepOf(step: string): string {
  let text = step;
  try {
    text = decodeURIComponent(step);
  } catch {
    // It holds a "%" of its own.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
