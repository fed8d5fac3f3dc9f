/** The parameters of a signature that vary (RFC 9421 §2.3). */
export interface SignatureParams {
  readonly created: number;
  /** Empty where the form has none: a response is bound to its request instead. */
  readonly nonce: string;
  readonly kid: string;
}

/** 16 bytes in base64url. */
export const NONCE_LENGTH = 22;
const MAX_CREATED_DIGITS = 11;
const MAX_KID_LENGTH = 32;
const CREATED = ';created=';
const NONCE = ';nonce="';
const KEYID = ';keyid="';
const ALGORITHM = '";alg="hmac-sha256";tag="';

export type SignatureTag = 'express-micro-discovery' | 'express-micro-call' | 'express-micro-discovery-response';

export function formatParams(covered: string, tag: SignatureTag, { created, nonce, kid }: SignatureParams): string {
  const unique = nonce === '' ? '' : `${NONCE}${nonce}"`;
  return `${covered}${CREATED}${created}${unique}${KEYID}${kid}${ALGORITHM}${tag}"`;
}

/**
 * Reads exactly what {@link formatParams} writes, in one pass from left to right: not a parser of structured fields
 * but a comparison with the one form we send, so that no second reading of the same bytes can exist.
 *
 * @param covered the list of covered components that this message must have
 */
export function parseParams(text: string, covered: string, tag: SignatureTag, withNonce: boolean): SignatureParams | undefined {
  if (!text.startsWith(covered) || !text.startsWith(CREATED, covered.length)) return undefined;
  const digits = covered.length + CREATED.length;
  let at = digits;
  let created = 0;
  for (; isDigit(text.charCodeAt(at)); at += 1) created = created * 10 + text.charCodeAt(at) - 48;
  const count = at - digits;
  // No leading zero: `0123` and `123` would be two texts for one moment.
  if (count === 0 || count > MAX_CREATED_DIGITS || (count > 1 && text.charCodeAt(digits) === 48)) return undefined;

  let nonce = '';
  if (withNonce) {
    if (!text.startsWith(NONCE, at)) return undefined;
    at += NONCE.length;
    nonce = text.slice(at, at + NONCE_LENGTH);
    at += NONCE_LENGTH;
    if (!isToken(nonce) || text.charCodeAt(at) !== 34) return undefined;
    at += 1;
  }
  if (!text.startsWith(KEYID, at)) return undefined;
  at += KEYID.length;
  // What remains is the id and a constant; the constant is found from the end.
  const end = text.length - ALGORITHM.length - tag.length - 1;
  if (end <= at || end - at > MAX_KID_LENGTH) return undefined;
  if (!text.startsWith(ALGORITHM, end) || !text.startsWith(tag, end + ALGORITHM.length) || !text.endsWith('"')) return undefined;
  const kid = text.slice(at, end);
  return isToken(kid) ? { created, nonce, kid } : undefined;
}

/** One or more of `A-Z a-z 0-9 _ -`. A loop over codes: faster than a regular expression, and it cannot backtrack. */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
    if (!isLetter && !isDigit(code) && code !== 45 && code !== 95) return false;
  }
  return text.length > 0;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
