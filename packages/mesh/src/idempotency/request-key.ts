import { createHash } from 'node:crypto';

/**
 * The key of a request: a quoted string as the draft has it, or the bare text that most clients send. `undefined` for none,
 * `false` for one that is empty, longer than 255 or not printable ASCII.
 */
export function readKey(header: string | readonly string[] | undefined): string | undefined | false {
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? header.replace(/^"(.*)"$/, '$1') : '';
  return /^[\x21-\x7e]{1,255}$/.test(key) ? key : false;
}

export interface Scope {
  /** Whose key it is: two callers never meet under one. */
  readonly caller: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

/** One key for stores. Lengths are part of it, so that no two scopes can be written alike. */
export function storeKey({ caller, method, path, key }: Scope): string {
  return hash([caller, method, path, key].map((part) => `${part.length}:${part}`).join(','));
}

/** Of what was asked: the query and the body, as bytes or as what a parser has made of them. */
export function fingerprint(query: string, body: Uint8Array | { readonly parsed: unknown }): string {
  const content = body instanceof Uint8Array ? body : canonical(body.parsed);
  return hash(`${query.length}:${query},`, content);
}

function hash(...parts: readonly (string | Uint8Array)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

/** Parsed bodies are equal when they say the same, in whatever order their fields came. */
function canonical(value: unknown): string | Uint8Array {
  if (value instanceof Uint8Array) return value;
  return (
    JSON.stringify(value, (_name, inner: unknown) => {
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
      return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? ''
  );
}
