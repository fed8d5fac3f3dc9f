// Hot path: every call over a link. Its bench: bench/link-cost.mjs
import type { IncomingHttpHeaders } from 'node:http';
import { isRequestId } from '@express-micro/core';
import { DEADLINE, type OwnHeaders, sayOwn } from '../wire.ts';
import { MAX_CODE, MAX_REQUEST_HEAD_BYTES, MAX_REQUEST_HEADERS, violation } from './protocol.ts';

/** Whether what a call says of itself has room in the frame: see `HAS_OWN`. */
export function isSaidShortly(own: OwnHeaders | undefined): own is OwnHeaders {
  return own !== undefined && own.remainingMs <= MAX_CODE;
}

/** `GET /path?query`, the id of the call where the time that it has stands in the frame, then one line for each header: `name:value`. */
export function encodeRequestHead(method: string, path: string, headers: readonly string[], own?: OwnHeaders): string {
  let head = `${method} ${path}`;
  if (isSaidShortly(own)) head += `\n${own.requestId}`;
  else if (own !== undefined) {
    const said = [...headers];
    sayOwn(said, own);
    return encodeRequestHead(method, path, said);
  }
  for (let at = 0; at + 1 < headers.length; at += 2) head += `\n${headers[at]}:${headers[at + 1]}`;
  return head;
}

/** What stands in the head of a request, as Node gives it to an app. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, those of the connection first. */
  readonly rawHeaders: string[];
  /** The same by name, where each comes once; `undefined`: Node joins them. */
  readonly headers: IncomingHttpHeaders | undefined;
  readonly own: OwnHeaders | undefined;
  readonly isBare: boolean;
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/;
const SLASH = 47;

/**
 * Whether both sides take a piece of a text for a path, as Node's parser does: `/[\x21-\x7e\x80-\xff]*`. HTTP says what is wrong with others.
 * Read letter by letter: for paths as they are the regular expression takes five times as long.
 */
export function isPath(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) !== SLASH) return false;
  for (let at = from + 1; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]{1,128}$/;
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** They speak of one connection, or prove a caller: a link has proven its own. */
const FORBIDDEN = new Set([
  'connection',
  'content-length',
  'expect',
  'express-micro-caller',
  'express-micro-sender',
  'express-micro-target',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Names that were looked at: few, and always the same. */
const known = new Map<string, string>();
const MAX_KNOWN = 1_000;
/** Names by their place in the last head. Nearly every head has the same ones, so most need not be cut out and looked up. */
const usual: string[] = [];
const COLON = 58;

/**
 * Reads the head of a request.
 *
 * @param host what `Host` says
 * @param bodyBytes size of its body; `undefined` where there is none
 * @param remainingMs of a head that has the id of the call behind its first line
 * @throws LinkViolation for what no HTTP parser would let through
 */
export function decodeRequestHead(head: string, host: string, bodyBytes?: number, remainingMs?: number): RequestHead {
  if (head.length > MAX_REQUEST_HEAD_BYTES) violation('a head that is too large');
  const end = head.indexOf('\n');
  const space = head.indexOf(' ');
  const method = head.slice(0, space);
  const url = head.slice(space + 1, end < 0 ? head.length : end);
  if (
    (method !== 'GET' && !METHOD.test(method)) ||
    !isPath(head, space + 1, end < 0 ? head.length : end) ||
    method === 'CONNECT'
  ) {
    violation('a request line that is none');
  }
  if (remainingMs === undefined) {
    const rawHeaders = ['host', host, 'connection', 'keep-alive'];
    readHeaders(head, end, rawHeaders);
    return withBody(method, url, rawHeaders, bodyBytes, undefined);
  }
  const idEnd = end < 0 ? -1 : head.indexOf('\n', end + 1);
  const requestId = end < 0 ? '' : head.slice(end + 1, idEnd < 0 ? head.length : idEnd);
  if (!isRequestId(requestId)) violation('an id that is none');
  const own = { requestId, remainingMs };
  const deadline = String(remainingMs);
  if (idEnd < 0 && bodyBytes === undefined) {
    return {
      method,
      url,
      rawHeaders: ['host', host, 'connection', 'keep-alive', 'x-request-id', requestId, DEADLINE, deadline],
      headers: { host, connection: 'keep-alive', 'x-request-id': requestId, [DEADLINE]: deadline },
      own,
      isBare: true,
    };
  }
  const rawHeaders = ['host', host, 'connection', 'keep-alive', 'x-request-id', requestId];
  readHeaders(head, idEnd, rawHeaders);
  rawHeaders.push(DEADLINE, deadline);
  return withBody(method, url, rawHeaders, bodyBytes, own);
}

function withBody(
  method: string,
  url: string,
  rawHeaders: string[],
  bodyBytes: number | undefined,
  own: OwnHeaders | undefined,
): RequestHead {
  if (bodyBytes !== undefined) rawHeaders.push('content-length', String(bodyBytes));
  return { method, url, rawHeaders, headers: byName(rawHeaders), own, isBare: false };
}

/** @param lineEnd before the first of them, or -1 where there is none */
function readHeaders(head: string, lineEnd: number, raw: string[]): void {
  for (let place = 0, end = lineEnd; end >= 0; place++) {
    if (place >= MAX_REQUEST_HEADERS) violation('too many headers');
    const at = end + 1;
    end = head.indexOf('\n', at);
    const last = end < 0 ? head.length : end;
    const name = nameAt(head, at, last, place);
    const value = head.slice(at + name.length + 1, last);
    if (BAD_VALUE.test(value)) violation('a header that is none');
    raw.push(name, value);
  }
}

/**
 * The headers as Node gives them, where that takes no knowledge of what they mean: names in small letters, each of them once.
 * Admission reads some of every request, and Node's own way to them costs as much as the rest of admission.
 */
export function byName(raw: readonly string[]): IncomingHttpHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    // A second one, or a name that every object has.
    if (headers[name] !== undefined || name === 'set-cookie') return undefined;
    headers[name] = raw[at + 1] as string;
  }
  return headers;
}

function nameAt(head: string, at: number, last: number, place: number): string {
  const guess = usual[place];
  if (guess !== undefined && head.charCodeAt(at + guess.length) === COLON && head.startsWith(guess, at)) return guess;
  const colon = head.indexOf(':', at);
  if (colon < 0 || colon >= last) violation('a header without a colon');
  const name = head.slice(at, colon);
  const taken = known.get(name) ?? take(name);
  usual[place] = taken;
  return taken;
}

function take(name: string): string {
  if (!NAME.test(name) || FORBIDDEN.has(name)) violation('a header that no call has');
  // Copied: a piece of a text keeps the whole of it.
  const copy = Buffer.from(name, 'latin1').toString('latin1');
  if (known.size < MAX_KNOWN) known.set(copy, copy);
  return copy;
}
