import { isObject } from '../validation/json-schema.ts';
import type { Schema } from '../validation/schema.ts';
import type { JsonSchema, JsonSchemaObject, Side } from './document.ts';
import { valibotJson } from './valibot.ts';

export type Told = { readonly json: JsonSchema } | { readonly why: string };

const TARGET = 'draft-2020-12';
const DATE_AS_TEXT = Object.freeze({ type: 'string', format: 'date-time' });

/**
 * What each library is asked for beyond the standard: a hole instead of an error where JSON has no word, and a Date as the text that
 * `JSON.stringify` makes of it.
 */
const LIBRARY_OPTIONS: Readonly<Record<string, (side: Side) => object>> = {
  zod: (side) => ({ unrepresentable: 'any', override: (context: ZodContext) => describeZod(context, side) }),
  arktype: (side) => ({
    fallback: { date: ({ base }: { base: object }) => (side === 'output' ? { ...base, ...DATE_AS_TEXT } : base) },
  }),
};

interface ZodContext {
  readonly zodSchema: {
    readonly _zod: { readonly def: { readonly type: string; readonly coerce?: boolean; readonly catchall?: unknown } };
  };
  readonly jsonSchema: Record<string, unknown>;
}

function describeZod({ zodSchema, jsonSchema }: ZodContext, side: Side): void {
  const { type, coerce, catchall } = zodSchema._zod.def;
  if (type === 'date' && (side === 'output' || coerce === true)) Object.assign(jsonSchema, DATE_AS_TEXT);
  // Of what it gives, Zod says that nothing can be added to it. An answer may grow, and clients are to bear it.
  if (type === 'object' && catchall === undefined) delete jsonSchema.additionalProperties;
}

/** A schema as JSON Schema: by Standard JSON Schema, or by what its library has for it. Never throws. */
export function tellSchema(schema: Schema, side: Side): Told {
  const standard = schema['~standard'] as {
    readonly vendor: unknown;
    readonly jsonSchema?: Readonly<Record<Side, (options: object) => unknown>>;
  };
  const vendor = String(standard.vendor);
  try {
    let json: unknown;
    if (typeof standard.jsonSchema?.[side] === 'function') {
      json = standard.jsonSchema[side]({ target: TARGET, libraryOptions: LIBRARY_OPTIONS[vendor]?.(side) });
    } else if (vendor === 'valibot') json = valibotJson(schema, side);
    else return { why: `"${vendor}" does not tell its schemas (by Standard JSON Schema)` };
    return asJson(json);
  } catch (error) {
    return { why: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : 'its library failed' };
  }
}

/** As it will be written: a default may be a Date, and a library may hand out what it keeps. */
function asJson(json: unknown): Told {
  const copy: unknown = JSON.parse(JSON.stringify(json) ?? 'null');
  if (typeof copy === 'boolean' || isObject(copy)) return { json: copy as boolean | JsonSchemaObject };
  return { why: 'its library answered something that is no JSON Schema' };
}
