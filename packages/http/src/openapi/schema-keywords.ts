import { isObject } from '../validation/json-schema.ts';
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

/** Equal texts for equal schemas: the order of keys says nothing. */
export function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
