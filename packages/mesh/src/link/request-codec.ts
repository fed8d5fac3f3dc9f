// Hot path: every call over a link. Its bench: bench/link-cost.mjs
import { MAX_REQUEST_HEAD_BYTES, MAX_REQUEST_HEADERS, violation } from './protocol.ts';

/** `GET /path?query`, then one line for each header: `name:value`. */
export function encodeRequestHead(method: string, path: string, headers: readonly string[]): string {
  let head = `${method} ${path}`;
  for (let at = 0; at + 1 < headers.length; at += 2) head += `\n${headers[at]}:${headers[at + 1]}`;
  return head;
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/;
/** What Node's parser takes for a path. */
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;

/** Whether both sides take it for one: HTTP says what is wrong with others. */
export function isPath(path: string): boolean {
  return PATH.test(path);
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
 * Reads the head of a request and puts its headers behind those in `raw`.
 * @throws LinkViolation for what no HTTP parser would let through
 */
export function decodeRequestHead(head: string, raw: string[]): RequestHead {
  if (head.length > MAX_REQUEST_HEAD_BYTES) violation('a head that is too large');
  let end = head.indexOf('\n');
  const space = head.indexOf(' ');
  const method = head.slice(0, space);
  const url = head.slice(space + 1, end < 0 ? head.length : end);
  if ((method !== 'GET' && !METHOD.test(method)) || !PATH.test(url) || method === 'CONNECT') {
    violation('a request line that is none');
  }
  for (let place = 0; end >= 0; place++) {
    const at = end + 1;
    end = head.indexOf('\n', at);
    const last = end < 0 ? head.length : end;
    const name = nameAt(head, at, last, place);
    const value = head.slice(at + name.length + 1, last);
    if (BAD_VALUE.test(value)) violation('a header that is none');
    raw.push(name, value);
  }
  if (raw.length > 2 * MAX_REQUEST_HEADERS) violation('too many headers');
  return { method, url };
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
