import { type ErrorKind, MicroError } from '@express-micro/core';

export interface AppErrorOptions {
  /** HTTP status of the answer, 400 to 599. */
  readonly status?: number | undefined;
  /** What a client branches on: `OUT_OF_STOCK`. */
  readonly code?: string | undefined;
  /** Whether this can happen in a program that is right: its message goes to the client. Otherwise it is a defect, and nothing of it does. @default true */
  readonly isOperational?: boolean | undefined;
  /** Goes to the client as it is. */
  readonly data?: unknown;
  /** Of the answer: `{ 'retry-after': '30' }`. Express's own final handler sets them, too. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Stays in this process. */
  readonly cause?: unknown;
}

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = Object.freeze({
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'already_exists',
  412: 'failed_precondition',
  429: 'resource_exhausted',
  499: 'cancelled',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline_exceeded',
});

function kindOf(status: number): ErrorKind {
  return KIND_OF_STATUS[status] ?? (status < 500 ? 'invalid_argument' : 'internal');
}

/**
 * An error that a request is answered with: `throw new AppError('No more than 10 a day', { status: 429, code: 'DAILY_LIMIT' })`.
 * Its message is for the client. `status`, `statusCode`, `expose` and `headers` are what Express's own error handling reads.
 */
export class AppError extends MicroError {
  readonly isOperational: boolean;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>> | undefined;
  override readonly expose: boolean;

  constructor(message: string, options: AppErrorOptions | number = {}) {
    const {
      status = 500,
      code,
      isOperational = true,
      data,
      headers,
      cause,
    } = typeof options === 'number' ? { status: options } : options;
    super({ code: code ?? (status < 500 ? 'REQUEST_FAILED' : 'INTERNAL'), kind: kindOf(status), message, status, cause });
    this.isOperational = isOperational;
    this.data = data;
    this.headers = headers;
    this.expose = isOperational;
  }
}

type Given = Omit<AppErrorOptions, 'status'>;

/** What is wrong with one field of a request. */
export interface FieldProblem {
  /** Where: `items.0.sku`; empty where it is the whole. */
  readonly field: string;
  readonly message: string;
  /** The part of the request that it is about, where there are several. */
  readonly in?: 'params' | 'query' | 'body' | 'headers';
}

/** 400: something in the request is not as it must be, and `errors` says what. */
export class ValidationError extends AppError {
  readonly errors: readonly FieldProblem[];
  constructor(message = 'Validation failed', errors: readonly FieldProblem[] = [], options: Given = {}) {
    super(message, { code: 'VALIDATION_FAILED', ...options, status: 400 });
    this.errors = errors;
  }
}

/** 401: who calls has not said, or not proven, who it is. */
export class UnauthorizedError extends AppError {
  constructor(message = 'Authentication required', options: Given = {}) {
    super(message, { code: 'UNAUTHORIZED', ...options, status: 401 });
  }
}

/** 403: who calls is known and may not. */
export class ForbiddenError extends AppError {
  constructor(message = 'Not allowed', options: Given = {}) {
    super(message, { code: 'FORBIDDEN', ...options, status: 403 });
  }
}

/** 404 */
export class NotFoundError extends AppError {
  constructor(message = 'Not found', options: Given = {}) {
    super(message, { code: 'NOT_FOUND', ...options, status: 404 });
  }
}

/** 409: it cannot be done in the state that things are in. */
export class ConflictError extends AppError {
  constructor(message = 'Conflict', options: Given = {}) {
    super(message, { code: 'CONFLICT', ...options, status: 409 });
  }
}

/** 429 */
export class TooManyRequestsError extends AppError {
  constructor(message = 'Too many requests', options: Given = {}) {
    super(message, { code: 'TOO_MANY_REQUESTS', ...options, status: 429 });
  }
}
