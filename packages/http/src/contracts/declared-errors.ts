import { type DeclaredStatuses, show } from '@express-micro/core';
import { AppError } from '../app-errors.ts';
import { httpError } from '../errors.ts';
import type { Jsonified } from '../jsonified.ts';
import { type InputOf, type OutputOf, type Schema, takeSchema } from '../validation/schema.ts';
import type { ErrorDefinition, RouteDefinition } from './definition.ts';

type Definitions<D extends RouteDefinition> = D extends {
  readonly errors: infer E extends Readonly<Record<string, ErrorDefinition>>;
}
  ? E
  : Record<never, never>;

type Maker<E> = E extends { readonly data: infer S extends Schema }
  ? (data: InputOf<S>, message?: string) => AppError
  : (message?: string) => AppError;

/** The declared errors as the handler throws them: `throw errors.OUT_OF_STOCK({ sku })`. */
export type ErrorMakers<D extends RouteDefinition> = { readonly [C in keyof Definitions<D>]: Maker<Definitions<D>[C]> };

/** The declared errors as a caller reads them: told apart by `code`. */
export type DeclaredFailure<D extends RouteDefinition> = {
  [C in keyof Definitions<D> & string]: {
    readonly code: C;
    readonly status: Definitions<D>[C] extends { readonly status: infer Status } ? Status : number;
    readonly message: string;
    readonly data: Definitions<D>[C] extends { readonly data: infer S extends Schema } ? Jsonified<OutputOf<S>> : undefined;
  };
}[keyof Definitions<D> & string];

/** Made by a maker of a contract, with the schema that its data is to be held against. */
const schemas = new WeakMap<object, Schema>();

/** @throws HTTP_CONTRACT_INVALID, HTTP_SCHEMA_INVALID */
export function createErrorMakers(
  definitions: Readonly<Record<string, ErrorDefinition>> | undefined,
  owner: string,
): Readonly<Record<string, (...given: never[]) => AppError>> {
  const makers: Record<string, (...given: never[]) => AppError> = Object.create(null);
  for (const [code, definition] of Object.entries(definitions ?? {})) makers[code] = createMaker(code, definition, owner);
  return Object.freeze(makers);
}

function createMaker(code: string, definition: ErrorDefinition, owner: string): (...given: never[]) => AppError {
  const { status, data: schema, message } = check(code, definition, owner);
  const words = message ?? wordsOf(code);
  if (schema === undefined) return (text?: string) => new AppError(text ?? words, { status, code });
  return (data: unknown, text?: string) => {
    const error = new AppError(text ?? words, { status, code, data });
    schemas.set(error, schema);
    return error;
  };
}

function check(code: string, definition: ErrorDefinition, owner: string): ErrorDefinition {
  if (!/^[A-Z][A-Z0-9_]{1,63}$/.test(code)) {
    throw invalid(`The error "${code}" of ${owner} needs a code in capitals: "OUT_OF_STOCK".`);
  }
  const { status, data } = definition ?? {};
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw invalid(`The error ${code} of ${owner} needs a status from 400 to 599; it got ${show(status)}.`);
  }
  if (data !== undefined) takeSchema(data, `The data of the error ${code} of ${owner}`);
  return definition;
}

/** `OUT_OF_STOCK` → `Out of stock` */
function wordsOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What others have to know of them, to tell them from errors that nobody has declared. */
export function statusesOf(definitions: Readonly<Record<string, ErrorDefinition>> = {}): DeclaredStatuses {
  return Object.fromEntries(Object.entries(definitions).map(([code, { status }]) => [code, status]));
}

/** The schema of the data of an error that was made by a contract. */
export function schemaOfError(error: unknown): Schema | undefined {
  return typeof error === 'object' && error !== null ? schemas.get(error) : undefined;
}

function invalid(message: string): Error {
  return httpError('HTTP_CONTRACT_INVALID', message);
}
