import { isForbiddenKey } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { scalarText, shown, whyNotScalar } from '../routes/scalar.ts';
import { LONE_SURROGATE } from '../routes/template-grammar.ts';

/**
 * `{ page: 2, tag: ['a', 'b'] }` → `page=2&tag=a&tag=b`. A Date becomes its ISO text, `undefined` is left out.
 * @throws MESH_ARGUMENT_INVALID for what a query cannot say: `null`, nested objects, an empty array
 */
export function encodeQuery(values: Readonly<Record<string, unknown>>, name: string): string {
  let query = '';
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (value === undefined) continue;
    if (isForbiddenKey(key)) throw refused(name, key, "it would reach into the receiver's objects");
    if (!Array.isArray(value)) {
      query += pair(query, key, value, name);
      continue;
    }
    // Left out, it would turn "none of these" into "all".
    if (value.length === 0)
      throw refused(name, key, 'a query cannot say "an empty list"; leave it out, or send f.request({ body })');
    for (let index = 0; index < value.length; index++) query += pair(query, key, value[index], name);
  }
  return query;
}

function pair(before: string, key: string, value: unknown, name: string): string {
  const text = typeof value === 'string' ? value : textOf(value, key, name);
  if (LONE_SURROGATE.test(text) || LONE_SURROGATE.test(key))
    throw refused(name, key, 'it has half a surrogate pair, which has no bytes in UTF-8');
  return `${before === '' ? '' : '&'}${encodeURIComponent(key)}=${encodeURIComponent(text)}`;
}

function textOf(value: unknown, key: string, name: string): string {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(name, key, 'it is an invalid Date');
    return value.toISOString();
  }
  const text = scalarText(value);
  if (text !== undefined) return text;
  if (typeof value === 'number') throw refused(name, key, whyNotScalar(value));
  throw refused(
    name,
    key,
    `it is ${shown(value)}. Leave it out, send f.request({ body }), or make it flat: text, numbers, booleans, and lists of them`,
  );
}

function refused(name: string, key: string, why: string): Error {
  return meshError('MESH_ARGUMENT_INVALID', `${name}: ${shown(key)} cannot go into the query: ${why}.`, {
    details: { argument: key },
  });
}
