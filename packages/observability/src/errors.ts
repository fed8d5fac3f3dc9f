import { type ErrorKind, MicroError } from '@express-micro/core';

export type ObservabilityErrorCode = 'OBSERVABILITY_OPTION_INVALID' | 'OBSERVABILITY_FILE_REFUSED';

/** Every code this package throws, with its canonical kind. `docs/errors.md` explains each; a check keeps the two and the tests together. */
const OBSERVABILITY_ERRORS: Readonly<Record<ObservabilityErrorCode, ErrorKind>> = Object.freeze({
  OBSERVABILITY_OPTION_INVALID: 'invalid_argument',
  OBSERVABILITY_FILE_REFUSED: 'failed_precondition',
});

export interface ObservabilityErrorExtras {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export function observabilityError(
  code: ObservabilityErrorCode,
  message: string,
  { details, cause }: ObservabilityErrorExtras = {},
): MicroError {
  return new MicroError({ code, kind: OBSERVABILITY_ERRORS[code], message, details, cause });
}

/** For `resolveOptions` of core. */
export function optionInvalid(message: string, details: Record<string, unknown>): MicroError {
  return observabilityError('OBSERVABILITY_OPTION_INVALID', message, { details });
}
