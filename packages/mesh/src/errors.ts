import { type ErrorKind, MicroError } from '@express-micro/core';

export type MeshErrorCode =
  | 'MESH_OPTION_INVALID'
  | 'MESH_KEY_INVALID'
  | 'MESH_KEY_FILE_REFUSED'
  | 'MESH_CERTIFICATE_REFUSED'
  | 'MESH_PORT_UNKNOWN'
  | 'MESH_NOT_READY'
  | 'MESH_CLOSED'
  | 'MESH_SERVICE_AMBIGUOUS'
  | 'MESH_SERVICE_UNAVAILABLE'
  | 'MESH_FUNCTION_NOT_FOUND'
  | 'MESH_FUNCTION_AMBIGUOUS'
  | 'MESH_ARGUMENT_INVALID'
  | 'MESH_NOT_ALLOWED'
  | 'MESH_REMOTE_STATUS'
  | 'MESH_RESPONSE_INVALID'
  | 'MESH_CONNECTION_LOST'
  | 'MESH_OVERLOADED'
  | 'MESH_DEADLINE_EXCEEDED'
  | 'MESH_CANCELLED';

/** Every code this package throws, with its canonical kind. `docs/errors.md` explains each; a check keeps the two and the tests together. */
export const MESH_ERRORS: Readonly<Record<MeshErrorCode, ErrorKind>> = Object.freeze({
  MESH_OPTION_INVALID: 'invalid_argument',
  MESH_KEY_INVALID: 'invalid_argument',
  MESH_KEY_FILE_REFUSED: 'failed_precondition',
  MESH_CERTIFICATE_REFUSED: 'failed_precondition',
  MESH_PORT_UNKNOWN: 'failed_precondition',
  MESH_NOT_READY: 'deadline_exceeded',
  MESH_CLOSED: 'failed_precondition',
  MESH_SERVICE_AMBIGUOUS: 'failed_precondition',
  MESH_SERVICE_UNAVAILABLE: 'unavailable',
  MESH_FUNCTION_NOT_FOUND: 'not_found',
  MESH_FUNCTION_AMBIGUOUS: 'failed_precondition',
  MESH_ARGUMENT_INVALID: 'invalid_argument',
  MESH_NOT_ALLOWED: 'permission_denied',
  MESH_REMOTE_STATUS: 'internal',
  MESH_RESPONSE_INVALID: 'internal',
  MESH_CONNECTION_LOST: 'unavailable',
  MESH_OVERLOADED: 'resource_exhausted',
  MESH_DEADLINE_EXCEEDED: 'deadline_exceeded',
  MESH_CANCELLED: 'cancelled',
});

/** What a failed call was about. Every field is absent where it was not known yet. */
export interface CallFacts {
  /** The exact name of the service that was called. */
  readonly service?: string | undefined;
  /** The function as the caller wrote it. */
  readonly function?: string | undefined;
  /** Id of the instance that was tried last. */
  readonly instance?: string | undefined;
  readonly requestId?: string | undefined;
  /** The parsed body of a remote answer. */
  readonly data?: unknown;
}

export interface MeshErrorExtras extends CallFacts {
  readonly declares?: Readonly<Record<string, number>> | undefined;
  readonly kind?: ErrorKind;
  readonly status?: number;
  readonly retryable?: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The error of the mesh: {@link MicroError} with the facts of the call. */
export class MeshError extends MicroError {
  declare readonly code: MeshErrorCode;
  readonly service: string | undefined;
  readonly function: string | undefined;
  readonly instance: string | undefined;
  readonly requestId: string | undefined;
  readonly data: unknown;
  /** The status by code of the errors that the contract of the function declares; `undefined` where it is no contract. */
  readonly declares: Readonly<Record<string, number>> | undefined;

  constructor(code: MeshErrorCode, message: string, extras: MeshErrorExtras = {}) {
    const { kind, status, retryable, details, cause } = extras;
    super({ code, kind: kind ?? MESH_ERRORS[code], message, status, retryable, details, cause });
    this.service = extras.service;
    this.function = extras.function;
    this.instance = extras.instance;
    this.requestId = extras.requestId;
    this.data = extras.data;
    this.declares = extras.declares;
  }
}

export function meshError(code: MeshErrorCode, message: string, extras?: MeshErrorExtras): MeshError {
  return new MeshError(code, message, extras);
}
