import { isAnswerable, isMicroError } from '@express-micro/core';

/** Whose an error is: that decides what of it is believed. */
type Origin =
  /** `AppError` and its family. */
  | 'app'
  /** A failed call of the mesh. */
  | 'mesh'
  /** Another package of this family. */
  | 'family'
  /** Everything else that can be thrown. */
  | 'foreign';

/** What was thrown, read once and as it came: nothing here is of a type that it claims to be. */
export interface ErrorFacts {
  readonly origin: Origin;
  readonly name: unknown;
  readonly message: unknown;
  readonly stack: unknown;
  readonly code: unknown;
  readonly kind: unknown;
  readonly type: unknown;
  /** 400 to 599, as `status` or `statusCode` says. */
  readonly status: number | undefined;
  readonly expose: unknown;
  readonly isOperational: unknown;
  readonly headers: unknown;
  readonly errors: unknown;
  readonly data: unknown;
  readonly details: unknown;
  /** What body-parser could not read. */
  readonly body: unknown;
  /** It tells of somebody else's answer: its status is not ours. */
  readonly isOfUpstream: boolean;
}

/** Never throws, whatever it is given: a getter may, and a proxy. */
export function factsOf(error: unknown): ErrorFacts {
  const isObject = (typeof error === 'object' && error !== null) || typeof error === 'function';
  const read = (key: string): unknown => (isObject ? attempt(() => (error as Record<string, unknown>)[key]) : undefined);
  const code = read('code');
  return {
    origin: attempt(() => originOf(error, code)) ?? 'foreign',
    name: read('name'),
    message: isObject ? read('message') : attempt(() => String(error)),
    stack: read('stack'),
    code,
    kind: read('kind'),
    type: read('type'),
    status: statusOf(read('status')) ?? statusOf(read('statusCode')),
    expose: read('expose'),
    isOperational: read('isOperational'),
    headers: read('headers'),
    errors: read('errors'),
    data: read('data'),
    details: read('details'),
    body: read('body'),
    isOfUpstream: isObject && tellsOfAnswer(read, code),
  };
}

function originOf(error: unknown, code: unknown): Origin {
  if (isAnswerable(error)) return 'app';
  if (!isMicroError(error)) return 'foreign';
  return typeof code === 'string' && code.startsWith('MESH_') ? 'mesh' : 'family';
}

function statusOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599 ? value : undefined;
}

/** HTTP clients (axios, got, ky, superagent, Octokit; undici; the AWS SDK) throw what the other side answered, with its status. */
function tellsOfAnswer(read: (key: string) => unknown, code: unknown): boolean {
  if (typeof code === 'string' && code.startsWith('UND_ERR_')) return true;
  return ['response', '$response', '$metadata'].some((key) => typeof read(key) === 'object' && read(key) !== null);
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
