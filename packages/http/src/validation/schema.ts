import { show } from '@express-micro/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { httpError } from '../errors.ts';

/** A schema of any library that speaks Standard Schema: Zod, Valibot, ArkType, Effect Schema and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** What goes into a schema, and what it makes of that. */
export type InputOf<S extends Schema> = NonNullable<S['~standard']['types']>['input'];
export type OutputOf<S extends Schema> = NonNullable<S['~standard']['types']>['output'];

export type Issue = StandardSchemaV1.Issue;
export type Result = StandardSchemaV1.Result<unknown>;

function isSchema(value: unknown): value is Schema {
  // ArkType's schemas are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { readonly '~standard'?: unknown })['~standard'];
  if (typeof standard !== 'object' || standard === null) return false;
  const { version, validate } = standard as { readonly version?: unknown; readonly validate?: unknown };
  return version === 1 && typeof validate === 'function';
}

/** @throws HTTP_SCHEMA_INVALID for what is no schema. `place` says where it was given: `"body" of validate()` */
export function takeSchema(value: unknown, place: string): Schema {
  if (isSchema(value)) return value;
  const hint =
    typeof value === 'function'
      ? ' Is it a class, or a function that makes the schema?'
      : ' A plain JSON Schema is none; older libraries have no "~standard".';
  throw httpError(
    'HTTP_SCHEMA_INVALID',
    `${place} got ${show(value)}; it takes a schema of a library that speaks Standard Schema (Zod 3.24+, Valibot 1+, ArkType 2+).${hint}`,
  );
}

/**
 * Runs a schema. A library answers at once where it can, and a promise costs more than most schemas: so does this.
 * @throws HTTP_SCHEMA_FAILED when the schema itself breaks, by a rejected promise where it is asynchronous
 */
export function runSchema(schema: Schema, value: unknown, place: string): Result | Promise<Result> {
  let result: Result | Promise<Result>;
  try {
    result = schema['~standard'].validate(value);
  } catch (cause) {
    throw broken(place, cause);
  }
  if (!isPromise(result)) return checked(result, place);
  return result.then(
    (settled) => checked(settled, place),
    (cause: unknown) => {
      throw broken(place, cause);
    },
  );
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function checked(result: Result, place: string): Result {
  if (typeof result === 'object' && result !== null) return result;
  throw broken(place, new TypeError(`it answered ${show(result)}, which is no result`));
}

function broken(place: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : show(cause);
  return httpError('HTTP_SCHEMA_FAILED', `The schema of ${place} broke instead of judging: ${why}`, { cause });
}
