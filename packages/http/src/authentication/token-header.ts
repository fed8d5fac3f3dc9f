import { parseUntrustedJson } from '@express-micro/core';
import { invalidToken } from './refusals.ts';
import { MAX_ID } from './user-principal.ts';

/** base64url as it is written, and no other way: the last character has bits that say nothing, and they are zero. */
const PART = '(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?';
const SEGMENTS = new RegExp(`^(?=[^.])${PART}\\.(?=[^.])${PART}\\.${PART}$`);

/**
 * Whether it has the shape of one: three parts of which the signature may be missing (`none`). A token has one text only, so that who
 * keeps a list of those that are revoked, by their text, finds each of them.
 */
export function isJwt(token: string): boolean {
  return SEGMENTS.test(token);
}

/** Read before anything is computed. What is in it chooses a key of ours, and nothing more: `jku`, `jwk`, `x5u` and `x5c` are not looked at. */
export function readHeader(
  token: string,
  type: string | undefined,
): { readonly algorithm: string; readonly kid: string | undefined } {
  let header: Record<string, unknown>;
  try {
    header = Object(parseUntrustedJson(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'), 4));
  } catch (error) {
    throw invalidToken(`the header is ${(error as Error).message}`);
  }
  const { alg, kid, typ, crit } = header;
  if (typeof alg !== 'string') throw invalidToken('the header names no algorithm');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_ID)) throw invalidToken('the kid is no short text');
  // It names what must be understood, and nothing that may stand there is (RFC 7515, 4.1.11).
  if (crit !== undefined) throw invalidToken('the header has "crit"');
  const isRightType = type === undefined ? isUsualType(typ) : typeof typ === 'string' && shortType(typ) === shortType(type);
  if (!isRightType) throw invalidToken('the type is another');
  return { algorithm: alg, kid };
}

function isUsualType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && ['jwt', 'at+jwt'].includes(shortType(typ)));
}

function shortType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}
