import { STATUS_CODES } from 'node:http';
import { type ErrorKind, show } from '@express-micro/core';
import { codingsOf, decodeBody } from '../content-coding.ts';
import { type MeshError, meshError } from '../errors.ts';
import type { NamedRoute } from '../routes/naming.ts';
import { asksForCoding } from './asks-for-coding.ts';
import type { CallAnswer, CallRequest } from './call.ts';

/** The data of a good answer: JSON as what it says, text as a string, nothing as `undefined`, anything else as a Buffer. */
export function dataOf(request: CallRequest, answer: CallAnswer): unknown {
  const type = answer.contentType;
  const decoded = asksForCoding(request.options) ? plainBody(request, answer) : undefined;
  if (isJson(type)) {
    const text = decoded?.toString('utf8') ?? answer.text ?? (answer.body as Buffer).toString('utf8');
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw invalid(request, answer, `a body that is not the JSON that it claims to be: ${show(text.slice(0, 80))}`, cause);
    }
  }
  const body = decoded ?? (answer.body as Buffer);
  if (body.length === 0) return undefined;
  return type.startsWith('text/') ? body.toString('utf8') : body;
}

function plainBody(request: CallRequest, answer: CallAnswer): Buffer {
  const codings = codingsOf(answer.headers);
  try {
    return decodeBody(answer.body as Buffer, codings);
  } catch (cause) {
    const why = `a body that cannot be decoded (content-encoding ${codings.join(', ')}: ${(cause as Error).message}). Call it without accept-encoding, or read its bytes with .stream`;
    throw invalid(request, answer, why, cause);
  }
}

function invalid(request: CallRequest, { status }: CallAnswer, why: string, cause: unknown): MeshError {
  const { service, instance, requestId } = request;
  return meshError('MESH_RESPONSE_INVALID', `${service.name}.${request.function} answered ${status} with ${why}`, {
    service: service.name,
    function: request.function,
    instance: instance?.id,
    requestId,
    cause,
  });
}

/** The error that stands for an answer of 400 or more. It keeps the status and the data, and says nothing of the remote's health. */
export function remoteError(request: CallRequest, answer: CallAnswer): MeshError {
  const { status } = answer;
  const instance = request.instance?.id;
  const data = lenientData(answer.contentType, lenientBody(request, answer));
  const service = request.service.name;
  const phrase = STATUS_CODES[status] ?? '';
  return meshError('MESH_REMOTE_STATUS', `${service}.${request.function} answered ${status} ${phrase}`.trimEnd(), {
    kind: kindOfStatus(status),
    status,
    service,
    function: request.function,
    instance,
    requestId: request.requestId,
    data,
    declares: routeOf(request)?.declares,
    retryable: status === 429 || status === 503,
    details: waitOf(answer),
  });
}

/** As the instance that answered has it; versions may differ. */
function routeOf({ found, instance }: CallRequest): NamedRoute | undefined {
  const table = instance?.known?.table;
  return (table && found.get(table))?.route ?? [...found.values()][0]?.route;
}

/** What our own client may be told, in seconds as it came. */
function waitOf({ headers }: CallAnswer): { readonly retryAfterSeconds?: number } {
  const wait = headers['retry-after'];
  return typeof wait === 'string' && /^\d{1,6}$/.test(wait) ? { retryAfterSeconds: Number(wait) } : {};
}

/** An error is told whatever became of its body: of a stream only the beginning is read. */
function lenientBody(request: CallRequest, answer: CallAnswer): Buffer {
  const body = answer.body as Buffer;
  if (!asksForCoding(request.options)) return body;
  try {
    return decodeBody(body, codingsOf(answer.headers));
  } catch {
    return body;
  }
}

function lenientData(type: string, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  if (isJson(type)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return type === '' || type.startsWith('text/') ? text : body;
}

function isJson(type: string): boolean {
  return type.startsWith('application/json') || /^[\w.+-]+\/[\w.-]+\+json\b/i.test(type) || /^application\/json/i.test(type);
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
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
};

function kindOfStatus(status: number): ErrorKind {
  return KINDS[status] ?? (status >= 500 ? 'internal' : 'invalid_argument');
}
