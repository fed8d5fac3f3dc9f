import { type ErrorKind, MicroError } from '@express-micro/core';

export type HttpErrorCode =
  | 'HTTP_OPTION_INVALID'
  | 'HTTP_CONTRACT_INVALID'
  | 'HTTP_SCHEMA_INVALID'
  | 'HTTP_SCHEMA_FAILED'
  | 'HTTP_RESPONSE_INVALID'
  | 'HTTP_SECRET_MISSING'
  | 'HTTP_SECRET_WEAK'
  | 'HTTP_SIGNING_KEY_MISSING'
  | 'HTTP_CONTAINER_CLOSED'
  | 'HTTP_DEPENDENCY_CAPTIVE'
  | 'HTTP_DEPENDENCY_CYCLE'
  | 'HTTP_DEPENDENCY_TWICE'
  | 'HTTP_DEPENDENCY_UNKNOWN'
  | 'HTTP_PLUGIN_DEPENDENCY'
  | 'HTTP_PLUGIN_FAILED'
  | 'HTTP_PLUGIN_LATE'
  | 'HTTP_PLUGIN_TWICE';

/**
 * Every code by which this package says that it was used wrongly, with its canonical kind. What a request did wrong is an `AppError`
 * instead. `docs/errors.md` explains each; a check keeps the two and the tests together.
 */
const HTTP_ERRORS: Readonly<Record<HttpErrorCode, ErrorKind>> = Object.freeze({
  HTTP_OPTION_INVALID: 'invalid_argument',
  HTTP_CONTRACT_INVALID: 'invalid_argument',
  HTTP_SCHEMA_INVALID: 'invalid_argument',
  HTTP_SCHEMA_FAILED: 'internal',
  HTTP_RESPONSE_INVALID: 'internal',
  HTTP_SECRET_MISSING: 'failed_precondition',
  HTTP_SECRET_WEAK: 'failed_precondition',
  HTTP_SIGNING_KEY_MISSING: 'failed_precondition',
  HTTP_CONTAINER_CLOSED: 'internal',
  HTTP_DEPENDENCY_CAPTIVE: 'internal',
  HTTP_DEPENDENCY_CYCLE: 'internal',
  HTTP_DEPENDENCY_TWICE: 'invalid_argument',
  HTTP_DEPENDENCY_UNKNOWN: 'internal',
  HTTP_PLUGIN_DEPENDENCY: 'internal',
  HTTP_PLUGIN_FAILED: 'internal',
  HTTP_PLUGIN_LATE: 'invalid_argument',
  HTTP_PLUGIN_TWICE: 'invalid_argument',
});

export interface HttpErrorExtras {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export function httpError(code: HttpErrorCode, message: string, { details, cause }: HttpErrorExtras = {}): MicroError {
  return new MicroError({ code, kind: HTTP_ERRORS[code], message, details, cause });
}

/** Found when a request came: a defect of the program, whoever's handler of errors answers it, and nothing that the client did wrong. */
export function misuse(message: string): MicroError {
  return new MicroError({ code: 'HTTP_OPTION_INVALID', kind: 'internal', message });
}

/** For `resolveOptions` of core. */
export function optionInvalid(message: string, details: Record<string, unknown> = {}): MicroError {
  return httpError('HTTP_OPTION_INVALID', message, { details });
}
