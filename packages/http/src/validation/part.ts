// Hot path: every validated request passes here. Its bench: bench/contracts.mjs
import type { FieldProblem } from '../app-errors.ts';
import { type Bounds, excessOf } from './bounds.ts';
import { coercionFor } from './coercion.ts';
import { type Issue, isPromise, type Result, runSchema, type Schema } from './schema.ts';
import { keyFilterFor, type UnknownKeys } from './unknown-keys.ts';

export type PartName = 'params' | 'query' | 'body' | 'headers';

export interface PartRules extends Bounds {
  readonly unknownKeys: UnknownKeys;
  readonly coerce: boolean;
}

/** What a part turned out to be. */
export type Judged =
  | { readonly value: unknown; readonly problems?: undefined }
  | { readonly problems: readonly FieldProblem[]; readonly value?: undefined };

/** One part of a request against its schema: bounds, coercion, unknown keys, schema. */
export type PartReader = (value: unknown) => Judged | Promise<Judged>;

/** Whoever sends a thousand wrong items learns no more from the last of them. */
const MAX_PROBLEMS = 100;
const MAX_MESSAGE_LENGTH = 300;
const MAX_FIELD_LENGTH = 200;

/**
 * @param owner whose schema it is, for messages about it: `createOrder`, `validate()`
 * @throws HTTP_SCHEMA_INVALID where `unknownKeys` cannot be done
 */
export function createPartReader(name: PartName, schema: Schema, rules: PartRules, owner: string): PartReader {
  const place = `"${name}" of ${owner}`;
  const isText = name === 'query' || name === 'params';
  const coerce = rules.coerce && isText ? coercionFor(schema) : undefined;
  const { unknownKeys } = rules;
  // The headers of a request are many, and most of them are not the schema's.
  const filter = unknownKeys === 'as-the-schema-does' || name === 'headers' ? undefined : keyFilterFor(schema, place);

  return (given) => {
    const excess = excessOf(given, rules);
    if (excess !== undefined) return { problems: [problem(name, excess)] };
    let value = coerce === undefined ? given : coerce(given);
    let rest: Record<string, unknown> | undefined;
    if (filter !== undefined) {
      if (unknownKeys === 'refuse') {
        const unknown = filter.find(value, MAX_PROBLEMS);
        if (unknown.length > 0) return { problems: unknown.map((path) => problem(name, { path, message: 'Unknown key' })) };
      }
      if (unknownKeys === 'keep') rest = filter.rest(value);
      value = filter.strip(value);
    }
    const result = runSchema(schema, value, place);
    return isPromise(result) ? result.then((settled) => judge(name, settled, rest)) : judge(name, result, rest);
  };
}

/** Parts with the readers that judge them. */
export type PartReaders = readonly (readonly [name: PartName, read: PartReader])[];

/**
 * Judges all parts, so that whoever sent them hears of everything at once. A promise only where a schema is asynchronous.
 * @throws HTTP_SCHEMA_FAILED
 */
export function judgeParts(
  readers: PartReaders,
  partOf: (name: PartName) => unknown,
): readonly Judged[] | Promise<readonly Judged[]> {
  const judged: (Judged | Promise<Judged>)[] = [];
  try {
    for (const [name, read] of readers) judged.push(read(partOf(name)));
  } catch (error) {
    // Others may be under way, and may fail as well: one failure is told.
    for (const each of judged) if (isPromise(each)) each.catch(() => {});
    throw error;
  }
  return judged.some(isPromise) ? Promise.all(judged) : (judged as readonly Judged[]);
}

/** Everything that is wrong, in the order of the parts. */
export function problemsOf(judged: readonly Judged[]): readonly FieldProblem[] {
  const [only] = judged;
  if (judged.length === 1 && only !== undefined) return only.problems ?? NO_PROBLEMS;
  return judged.flatMap((each) => each.problems ?? NO_PROBLEMS);
}

const NO_PROBLEMS: readonly FieldProblem[] = Object.freeze([]);

function judge(name: PartName, result: Result, rest: Record<string, unknown> | undefined): Judged {
  if (result.issues) {
    const problems = Array.from(result.issues)
      .slice(0, MAX_PROBLEMS)
      .map((issue) => problem(name, issue));
    // A library that fails without saying why has failed all the same.
    return { problems: problems.length > 0 ? problems : [problem(name, { message: 'Not valid' })] };
  }
  const { value } = result;
  if (rest === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return { value };
  return { value: { ...rest, ...value } };
}

function problem(name: PartName, { path, message }: Pick<Issue, 'path' | 'message'>): FieldProblem {
  return { field: fieldOf(path), message: String(message).slice(0, MAX_MESSAGE_LENGTH), in: name };
}

/** `['items', 0, { key: 'sku' }]` → `items.0.sku` */
function fieldOf(path: Issue['path']): string {
  let field = '';
  for (const step of path ?? []) {
    const key = typeof step === 'object' && step !== null ? step.key : step;
    field += `${field === '' ? '' : '.'}${String(key)}`;
    if (field.length > MAX_FIELD_LENGTH) return `${field.slice(0, MAX_FIELD_LENGTH)}…`;
  }
  return field;
}
