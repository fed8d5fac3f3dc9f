import type { CallOptions } from './call.ts';

/**
 * Whether the caller asks for compressed answers. Without it nobody sends any (Express's `compression` and its kin answer
 * what `Accept-Encoding` says), and the headers of an answer need not be read, nor sent over a link.
 */
export function asksForCoding({ headers }: CallOptions): boolean {
  for (const name in headers) if (name.toLowerCase() === 'accept-encoding') return true;
  return false;
}
