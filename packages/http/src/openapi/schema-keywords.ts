import type { JsonSchema, JsonSchemaObject } from './document.ts';

/** Where schemas stand within a schema (JSON Schema draft 2020-12); all else in it is data, whatever it looks like. */
const ONE: ReadonlySet<string> = new Set([
  ...['items', 'additionalProperties', 'unevaluatedItems', 'unevaluatedProperties', 'contains', 'propertyNames'],
  ...['not', 'if', 'then', 'else', 'contentSchema'],
]);
const LISTED: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const NAMED: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas']);

/** Definitions are looked up where they are referred to; an `$id` within a document would change what its references mean. */
const LEFT_OUT: ReadonlySet<string> = new Set(['$schema', '$id', '$defs', 'definitions']);

/** The same schema with `change` made to each schema directly within it. */
export function mapSchema(schema: JsonSchemaObject, change: (inner: JsonSchema) => JsonSchema): JsonSchemaObject {
  // From entries: a property may be called `__proto__`.
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !LEFT_OUT.has(keyword))
      .map(([keyword, value]) => [keyword, mapKeyword(keyword, value, change)]),
  );
}

function mapKeyword(keyword: string, value: unknown, change: (inner: JsonSchema) => JsonSchema): unknown {
  if (ONE.has(keyword) && isSchema(value)) return change(value);
  if (LISTED.has(keyword) && Array.isArray(value)) return value.map((each) => (isSchema(each) ? change(each) : each));
  if (NAMED.has(keyword) && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, isSchema(each) ? change(each) : each]));
  }
  return value;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'boolean' || isObject(value);
}

export function isObject(value: unknown): value is JsonSchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a reference within `root` points to (RFC 6901); `undefined` where there is nothing. */
export function resolvePointer(root: JsonSchemaObject, reference: string): unknown {
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

/** Equal texts for equal schemas: the order of keys says nothing. */
export function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
