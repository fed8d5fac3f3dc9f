import { meshError } from '../errors.ts';
import { shown } from '../routes/scalar.ts';

type Headers = Readonly<Record<string, string | undefined>>;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A field value (RFC 9110): visible characters of Latin-1, spaces and tabs inside. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** They speak of one connection, or are the mesh's own: what a caller writes there would be a lie or a way in. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-digest',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'signature',
  'signature-input',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  '__proto__',
]);
const RESERVED_PREFIX = 'express-micro-';

/**
 * The headers of one call, names in small letters. `over` wins over `headers`; `undefined` is left out.
 * @throws MESH_ARGUMENT_INVALID for a name or value that HTTP does not have, and for the reserved ones
 */
export function takeHeaders(headers: Headers | undefined, name: string, over?: Headers): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const group of [headers, over]) {
    if (group === undefined) continue;
    if (typeof group !== 'object' || group === null || Array.isArray(group)) {
      throw invalid(name, `"headers" takes a plain object, not ${shown(group)}`);
    }
    const seen = new Set<string>();
    for (const [key, value] of Object.entries(group)) {
      if (value === undefined) continue;
      const lower = key.toLowerCase();
      if (seen.has(lower)) throw invalid(name, `the header "${lower}" is given twice`);
      seen.add(lower);
      check(lower, value, name);
      taken[lower] = String(value).trim();
    }
  }
  return taken;
}

function check(key: string, value: unknown, name: string): void {
  if (!TOKEN.test(key)) throw invalid(name, `${shown(key)} is not the name of a header`);
  if (RESERVED.has(key) || key.startsWith(RESERVED_PREFIX)) {
    throw invalid(name, `the header "${key}" belongs to the connection or to the mesh`);
  }
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw invalid(name, `the header "${key}" takes one text, not ${shown(value)}`);
  }
  if (!VALUE.test(String(value)))
    throw invalid(name, `the header "${key}" cannot be ${shown(value)}: a header is one line of Latin-1`);
}

function invalid(name: string, why: string): Error {
  return meshError('MESH_ARGUMENT_INVALID', `${name}: ${why}.`);
}
