import { type ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { isMicroError, type MicroError } from './errors.ts';

/** An error that a request is answered with, made by whatever copy of `@express-micro/http`: its `AppError`. */
export interface AnswerableError extends MicroError {
  /** Whether its message is for the client. Otherwise it is a defect, and nothing of it is. */
  readonly isOperational: boolean;
  readonly data?: unknown;
  readonly errors?: unknown;
  readonly headers?: unknown;
}

export function isAnswerable(value: unknown): value is AnswerableError {
  return isMicroError(value) && typeof (value as { isOperational?: unknown }).isOperational === 'boolean';
}

/** What a client reads of a failure, the same from whoever of this family answers. */
export interface FailureBody {
  readonly status: 'error';
  readonly message: string;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly errors?: unknown;
  readonly data?: unknown;
}

/** As JSON. What JSON cannot write of `errors` and `data` (a circle, a bigint) is left out: an answer there must be. */
export function failureText(body: object): string {
  try {
    return JSON.stringify(body);
  } catch {
    return JSON.stringify({ ...body, errors: undefined, data: undefined });
  }
}

/** How the body is written is for who writes it to say. */
const NOT_OF_AN_ERROR = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'trailer',
  'upgrade',
  'keep-alive',
]);

/** The headers that an error wants on its answer, as far as they can stand in one. Names are in small letters. */
export function headersOfError(headers: unknown): Record<string, string> {
  const fit: Record<string, string> = {};
  if (typeof headers !== 'object' || headers === null) return fit;
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    if (NOT_OF_AN_ERROR.has(lower) || (lower === 'connection' && value !== 'close')) continue;
    try {
      validateHeaderName(lower);
      validateHeaderValue(lower, String(value));
    } catch {
      continue;
    }
    Object.defineProperty(fit, lower, { value: String(value), enumerable: true, configurable: true });
  }
  return fit;
}

/** What the answer that failed has said of its content. Policies (`content-security-policy`) are of the place, and stay. */
const OF_THE_CONTENT = [
  ...['type', 'length', 'encoding', 'language', 'range', 'location', 'disposition', 'digest', 'md5'].map(
    (part) => `content-${part}`,
  ),
  ...[
    'repr-digest',
    'digest',
    'etag',
    'last-modified',
    'accept-ranges',
    'cache-control',
    'expires',
    'transfer-encoding',
    'trailer',
  ],
];

export interface FailedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The headers of an answer that has not begun: of Node's response, or what a framework has in front of it. */
export interface AnswerHead {
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

/** Puts the headers of a failure in the place of what the answer that failed has said of its content. */
export function replaceHeaders(head: AnswerHead, headers: FailedAnswer['headers']): void {
  for (const name of OF_THE_CONTENT) head.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) {
    head.setHeader(name, name === 'vary' ? joinVary(head.getHeader('vary'), value) : value);
  }
}

/** Answers in the place of the answer that failed. Nothing of it may have been sent. */
export function sendFailedAnswer(res: ServerResponse, { status, headers, body }: FailedAnswer): void {
  res.statusCode = status;
  // HTTP/2 has no such words, and warns of them.
  if (res.req.httpVersionMajor < 2) res.statusMessage = STATUS_CODES[status] ?? 'Error';
  replaceHeaders(res, headers);
  if (res.req.method === 'HEAD') res.end();
  else res.end(body);
}

/** A `vary` with one more name. `before` is what stands there, if anything. */
export function joinVary(before: unknown, added: string): string {
  const names = [before ?? [], added].flat().join(',').split(',');
  const byName = new Map(names.map((name) => [name.trim().toLowerCase(), name.trim()] as const));
  byName.delete('');
  return byName.has('*') ? '*' : [...byName.values()].join(', ');
}
