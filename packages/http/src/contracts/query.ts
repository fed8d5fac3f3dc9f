import { parse } from 'node:querystring';
import { isForbiddenKey } from '@express-micro/core';
import { ValidationError } from '../app-errors.ts';

export type RawQuery = Record<string, string | string[]>;

const MAX_PAIRS = 1_000;
const NO_QUERY: RawQuery = Object.freeze({}) as RawQuery;

/**
 * The query of a URL, read the same on every framework: texts, and lists where a name is repeated. Express 4, Express 5 and Fastify each read
 * `a[b]=c` in another way; here it is a name like others.
 *
 * @throws ValidationError
 */
export function readQuery(url: string | undefined): RawQuery {
  const start = url?.indexOf('?') ?? -1;
  if (url === undefined || start < 0 || start === url.length - 1) return NO_QUERY;
  const text = url.slice(start + 1);
  let pairs = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) pairs += 1;
  if (pairs > MAX_PAIRS) throw refused(`Has more than ${MAX_PAIRS} pairs`);
  // Node's own looks at every character for what hardly any query has.
  if (!text.includes('%') && !text.includes('+')) return readPlain(text);
  const parsed = parse(text, '&', '=', { maxKeys: MAX_PAIRS });
  const query: RawQuery = {};
  for (const name in parsed) {
    refuseForbidden(name);
    query[name] = parsed[name] as string | string[];
  }
  return query;
}

/** Where nothing is encoded. */
function readPlain(text: string): RawQuery {
  const query: RawQuery = {};
  for (let start = 0; start < text.length; ) {
    const mark = text.indexOf('&', start);
    const end = mark < 0 ? text.length : mark;
    if (end > start) {
      const equals = text.indexOf('=', start);
      const isNamed = equals >= 0 && equals < end;
      add(query, text.slice(start, isNamed ? equals : end), isNamed ? text.slice(equals + 1, end) : '');
    }
    start = end + 1;
  }
  return query;
}

function add(query: RawQuery, name: string, value: string): void {
  refuseForbidden(name);
  // A name that every object has is none of the query's yet.
  const before = Object.hasOwn(query, name) ? query[name] : undefined;
  if (before === undefined) query[name] = value;
  else if (typeof before === 'string') query[name] = [before, value];
  else before.push(value);
}

function refuseForbidden(name: string): void {
  if (isForbiddenKey(name)) throw refused(`The name "${name}" is not allowed`);
}

function refused(message: string): Error {
  return new ValidationError(undefined, [{ field: '', message, in: 'query' }]);
}
