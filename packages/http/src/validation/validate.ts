import type { ServerResponse } from 'node:http';
import { resolveOptions, show } from '@express-micro/core';
import { ValidationError } from '../app-errors.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { HttpRequest, Next } from '../middleware.ts';
import { VALIDATION_OPTIONS, type ValidationOptions } from './options.ts';
import {
  createPartReader,
  type Judged,
  judgeParts,
  type PartName,
  type PartReader,
  type PartReaders,
  problemsOf,
} from './part.ts';
import { isPromise, type OutputOf, type Schema, takeSchema } from './schema.ts';
import { markSchemas } from './schemas-mark.ts';

/** A schema for each part of a request that is to be looked at. */
export interface RequestSchemas {
  readonly params?: Schema | undefined;
  readonly query?: Schema | undefined;
  readonly body?: Schema | undefined;
  /** Judged, and left as they are: other middleware reads them, too. Names are in small letters. */
  readonly headers?: Schema | undefined;
}

type Replaced = 'params' | 'query' | 'body';

/** A request whose parts are what their schemas made of them. */
export type ValidatedRequest<S extends RequestSchemas> = HttpRequest & {
  [P in keyof S & Replaced]: S[P] extends Schema ? OutputOf<S[P]> : unknown;
};

/** Express takes the types of the parts from it for the handlers that follow in the same line. */
export type ValidationMiddleware<S extends RequestSchemas> = (req: ValidatedRequest<S>, res: ServerResponse, next: Next) => void;

const PARTS: readonly PartName[] = ['params', 'query', 'body', 'headers'];

/**
 * Lets a request through when its parts are what their schemas say, and replaces them by what the schemas made of them:
 *
 * ```ts
 * app.post('/orders', validate({ body: NewOrder }), (req, res) => { req.body.sku … });
 * ```
 *
 * Everything that is wrong, in all parts, is one {@link ValidationError}: 400 with `errors: [{ field, message, in }]`. Behind a parser
 * (`express.json()`), and on the route itself: what `app.use` sees has no parameters yet.
 *
 * @throws HTTP_SCHEMA_INVALID, HTTP_OPTION_INVALID
 */
export function validate<const S extends RequestSchemas>(schemas: S, options?: ValidationOptions): ValidationMiddleware<S> {
  const rules = resolveOptions('validate()', VALIDATION_OPTIONS, options, optionInvalid);
  const readers = readersOf(schemas, (name, schema) => createPartReader(name, schema, rules, 'validate()'));
  function validateRequest(req: HttpRequest, _res: ServerResponse, next: Next): void {
    let judged: readonly Judged[] | Promise<readonly Judged[]>;
    try {
      judged = judgeParts(readers, (name) => req[name]);
    } catch (error) {
      next(error);
      return;
    }
    if (isPromise(judged)) void judged.then((all) => conclude(req, readers, all, next), next);
    else conclude(req, readers, judged, next);
  }
  return markSchemas(validateRequest as ValidationMiddleware<S>, schemas);
}

function readersOf(schemas: RequestSchemas, make: (name: PartName, schema: Schema) => PartReader): PartReaders {
  if (typeof schemas !== 'object' || schemas === null) {
    throw httpError(
      'HTTP_SCHEMA_INVALID',
      `validate() takes an object of schemas, { body, query, params }; it got ${show(schemas)}.`,
    );
  }
  const names = Object.keys(schemas).filter((name) => schemas[name as PartName] !== undefined);
  const odd = names.find((name) => !PARTS.includes(name as PartName));
  if (odd !== undefined || names.length === 0) {
    const got = odd === undefined ? 'none' : `"${odd}"`;
    throw httpError('HTTP_SCHEMA_INVALID', `validate() takes schemas for ${PARTS.join(', ')}, at least one; it got ${got}.`);
  }
  return PARTS.filter((name) => names.includes(name)).map((name) => [
    name,
    make(name, takeSchema(schemas[name], `"${name}" of validate()`)),
  ]);
}

function conclude(req: HttpRequest, readers: PartReaders, judged: readonly Judged[], next: Next): void {
  const problems = problemsOf(judged);
  if (problems.length > 0) {
    next(new ValidationError(undefined, problems));
    return;
  }
  for (const [index, [name]] of readers.entries()) if (name !== 'headers') replace(req, name, judged[index]?.value);
  next();
}

/** An own property that is defined makes a request slow for all that follows: that is for Express 5 alone, whose `query` is a getter. */
function replace(req: HttpRequest, name: Replaced, value: unknown): void {
  if (Reflect.set(req, name, value)) return;
  Object.defineProperty(req, name, { value, writable: true, enumerable: true, configurable: true });
}
