/**
 * What went wrong, in the canonical words of RPC systems (google.rpc.Code), so that every package maps errors to
 * HTTP statuses, retries and log levels by one small closed set.
 */
export type ErrorKind =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'resource_exhausted'
  | 'cancelled'
  | 'deadline_exceeded'
  | 'unavailable'
  | 'internal';

/** The HTTP status that stands for each kind where no remote status is known. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = Object.freeze({
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 412,
  resource_exhausted: 429,
  cancelled: 499,
  deadline_exceeded: 504,
  unavailable: 503,
  internal: 500,
});

const MARK: unique symbol = Symbol.for('express-micro.error') as never;

export interface MicroErrorOptions {
  /** Upper-case, prefixed by the package: `MESH_NO_INSTANCE`. Listed in `docs/errors.md`. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** Says what, with what, and what to do next. */
  readonly message: string;
  /** @default the status of the kind */
  readonly status?: number | undefined;
  /** Whether the same call may succeed when it is made again. @default kind is `unavailable` or `resource_exhausted` */
  readonly retryable?: boolean | undefined;
  /** Safe to send to a client: never a stack, an address of an inner service or a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Stays in this process. */
  readonly cause?: unknown;
}

/**
 * The base of every error that express-micro throws.
 *
 * `status`, `statusCode` and `expose` are what Express's error handling reads. `expose` is always false: the text is
 * for the people who run the service, not for its clients.
 */
export class MicroError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly status: number;
  readonly statusCode: number;
  readonly expose: boolean = false;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(options: MicroErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.kind = options.kind;
    this.status = options.status ?? STATUS_OF_KIND[options.kind];
    this.statusCode = this.status;
    this.retryable = options.retryable ?? (options.kind === 'unavailable' || options.kind === 'resource_exhausted');
    this.details = options.details ?? {};
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** Recognises a {@link MicroError} of any copy of this package: by its symbol, not by `instanceof`. */
export function isMicroError(value: unknown): value is MicroError {
  return typeof value === 'object' && value !== null && (value as { [MARK]?: unknown })[MARK] === true;
}
