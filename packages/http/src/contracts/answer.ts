import { validateHeaderName, validateHeaderValue } from 'node:http';
import { Readable } from 'node:stream';
import { httpError } from '../errors.ts';
import { isPromise } from '../validation/schema.ts';
import { isWithoutContent } from './definition.ts';
import { isReply } from './reply.ts';

/** What is to be written, whoever writes it. Names of headers are in small letters. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer | Readable | undefined;
}

/** What a handler has returned, taken apart. */
export interface Returned {
  readonly data: unknown;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const JSON_TYPE = 'application/json; charset=utf-8';

export function takeReturned(value: unknown): Returned {
  return isReply(value) ? value : { data: value, status: undefined, headers: NO_HEADERS };
}

/** @throws HTTP_RESPONSE_INVALID for what JSON cannot write */
export function toAnswer({ data, status, headers: given }: Returned, defaultStatus: number | undefined, place: string): Answer {
  const headers = checkedHeaders(given);
  if (data === undefined) return { status: status ?? defaultStatus ?? 204, headers, body: undefined };
  const known = status ?? defaultStatus ?? 200;
  if (isWithoutContent(known)) {
    discard(data);
    return { status: known, headers, body: undefined };
  }
  if (isStream(data)) return streamed(data, known, headers, place);
  if (data instanceof Uint8Array) {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return { status: known, headers: { 'content-type': 'application/octet-stream', ...headers }, body: bytes };
  }
  if (isPromise(data)) {
    // JSON would write {} for it, and what it fails with would end the process.
    data.then(undefined, () => {});
    throw httpError('HTTP_RESPONSE_INVALID', `${place} is a promise: wait for it before it goes into reply().`);
  }
  // A text is JSON as well, unless the handler says what else it is.
  if (typeof data === 'string' && headers['content-type'] !== undefined && !isJson(headers['content-type'])) {
    return { status: known, headers, body: data };
  }
  return { status: known, headers: { 'content-type': JSON_TYPE, ...headers }, body: written(data, place) };
}

export function isStream(data: unknown): data is AsyncIterable<unknown> {
  return typeof (data as { [Symbol.asyncIterator]?: unknown } | null)?.[Symbol.asyncIterator] === 'function';
}

/** Ends what nobody is going to read: a file that stays open, a query that stays under way. Of anything else it does nothing. */
export function discard(data: unknown): void {
  if (!isStream(data)) return;
  const { destroy, cancel, return: end } = data as Partial<Record<'destroy' | 'cancel' | 'return', () => unknown>>;
  try {
    // Node's streams, the web's, and generators.
    void Promise.resolve((destroy ?? cancel ?? end)?.call(data)).catch(() => {});
  } catch {
    // It is somebody else's, and has said so.
  }
}

/** Streams of bytes, Node's and the web's, as what they are; any other iterable as lines of JSON (NDJSON), one for each thing that it gives. */
function streamed(data: AsyncIterable<unknown>, status: number, headers: Answer['headers'], place: string): Answer {
  const isReadable = data instanceof Readable;
  if (isReadable ? !data.readableObjectMode : isOfBytes(data)) {
    const body = isReadable ? data : Readable.from(bytes(data, place), { objectMode: false });
    return { status, headers: { 'content-type': 'application/octet-stream', ...headers }, body };
  }
  return {
    status,
    headers: { 'content-type': 'application/x-ndjson; charset=utf-8', ...headers },
    body: Readable.from(lines(data, place)),
  };
}

/** `fetch(…).body`, `blob.stream()`; and a stream of another copy of Node's, which npm has (`readable-stream`). */
function isOfBytes(data: object): boolean {
  const { getReader, pipe, readableObjectMode } = data as Partial<Record<'getReader' | 'pipe' | 'readableObjectMode', unknown>>;
  return typeof getReader === 'function' || (typeof pipe === 'function' && readableObjectMode !== true);
}

async function* bytes(chunks: AsyncIterable<unknown>, place: string): AsyncGenerator<Uint8Array | string> {
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array) && typeof chunk !== 'string')
      throw httpError('HTTP_RESPONSE_INVALID', `${place} is a stream of bytes, and gave a ${typeof chunk}: map it to texts.`);
    yield chunk;
  }
}

async function* lines(items: AsyncIterable<unknown>, place: string): AsyncGenerator<string> {
  for await (const item of items) yield `${written(item, `A line of ${place.charAt(0).toLowerCase()}${place.slice(1)}`)}\n`;
}

function written(data: unknown, place: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n', 1)[0] : 'its toJSON() failed';
    throw httpError('HTTP_RESPONSE_INVALID', `${place} cannot be written as JSON: ${why}.`, { cause });
  }
  if (text === undefined) throw httpError('HTTP_RESPONSE_INVALID', `${place} cannot be written as JSON: it is a ${typeof data}.`);
  return text;
}

function checkedHeaders(headers: Returned['headers']): Record<string, string | readonly string[]> {
  const lower: Record<string, string | readonly string[]> = {};
  for (const name in headers) {
    const value = headers[name] as string | readonly string[];
    // Here, where it can still be answered as the defect that it is: not every framework asks before it writes.
    validateHeaderName(name);
    for (const one of typeof value === 'string' ? [value] : value) validateHeaderValue(name, one);
    lower[name.toLowerCase()] = value;
  }
  return lower;
}

function isJson(type: string | readonly string[]): boolean {
  return /^application\/(?:json|[\w.+-]+\+json)\b/i.test(String(type));
}
