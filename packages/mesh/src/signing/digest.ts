import { createHash } from 'node:crypto';

const PREFIX = 'sha-256=:';
/** 32 bytes in base64. */
const ENCODED_LENGTH = 44;

/** The `Content-Digest` of a body (RFC 9530 §2), for example `sha-256=:RK/0…bDg=:`. */
export function contentDigest(body: Uint8Array | string): string {
  return digestField(createHash('sha256').update(body).digest());
}

/** The same for a hash that was made while the bytes passed. */
export function digestField(sha256: Buffer): string {
  return `${PREFIX}${sha256.toString('base64')}:`;
}

/**
 * The hash in a `Content-Digest`. Of what the RFC allows only the one form that we send: one `sha-256`, without
 * parameters, in canonical base64.
 */
export function parseContentDigest(field: string): Buffer | undefined {
  if (field.length !== PREFIX.length + ENCODED_LENGTH + 1) return undefined;
  const bytes = Buffer.from(field.slice(PREFIX.length, -1), 'base64');
  // Node's decoder skips what it does not know and takes base64url; only the canonical text comes back the same.
  return digestField(bytes) === field ? bytes : undefined;
}
