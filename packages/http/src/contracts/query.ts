import { unescape as decode } from 'node:querystring';
import { isForbiddenKey } from '@express-micro/core';
import { ValidationError } from '../app-errors.ts';

export type RawQuery = Record<string, string | string[]>;

const MAX_PAIRS = 1_000;
const NO_QUERY: RawQuery = Object.freeze({}) as RawQuery;

/**
 * The query of a URL, read the same on every framework: texts, and lists where a name is repeated. Express 4, Express 5 and Fastify each read
 * `a[b]=c` in another way; here it is a name like others. What it gives is what Node's `querystring` gives, for a third of the time.
 *
 * @throws ValidationError
 */
export function readQuery(url: string | undefined): RawQuery {
  const start = url?.indexOf('?') ?? -1;
  if (url === undefined || start < 0 || start === url.length - 1) return NO_QUERY;
  const query: RawQuery = {};
  let pairs = 0;
  for (let from = start + 1; from <= url.length; ) {
    const ampersand = url.indexOf('&', from);
    const end = ampersand < 0 ? url.length : ampersand;
    pairs += 1;
    if (pairs > MAX_PAIRS) throw refused(`Has more than ${MAX_PAIRS} pairs`);
    if (end > from) add(query, url, from, end);
    from = end + 1;
  }
  return query;
}

function add(query: RawQuery, url: string, from: number, end: number): void {
  const equals = url.indexOf('=', from);
  const nameEnd = equals < 0 || equals > end ? end : equals;
  const name = decoded(url.slice(from, nameEnd));
  if (isForbiddenKey(name)) throw refused(`The name "${name}" is not allowed`);
  const value = nameEnd === end ? '' : decoded(url.slice(nameEnd + 1, end));
  const before = Object.hasOwn(query, name) ? query[name] : undefined;
  if (before === undefined) query[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else query[name] = [before, value];
}

/** What is not well-formed stays as far as it can be read. */
function decoded(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decode(spaced) : spaced;
}

function refused(message: string): Error {
  return new ValidationError(undefined, [{ field: '', message, in: 'query' }]);
}
