// Hot path: every signed call, twice.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** The fields on the wire, in the spelling of Node's `req.headers`. */
export const SIGNATURE_INPUT = 'signature-input';
export const SIGNATURE = 'signature';
export const CONTENT_DIGEST = 'content-digest';
export const SENDER = 'express-micro-sender';
export const TARGET = 'express-micro-target';

/** Our label in the two dictionary fields. One signature a message: more than one member is refused. */
export const LABEL = 'micro';

/** What `req.headers` and the headers of a response look like. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * One line of a signature base (RFC 9421 §2.5).
 *
 * @param identifier serialised, with its quotes and parameters: `"@path"`, `"signature";req`
 */
export function line(identifier: string, value: string | number): string {
  return `${identifier}: ${value}\n`;
}

/** The last line, without a line break. */
export function lastLine(params: string): string {
  return `"@signature-params": ${params}`;
}

/** `hmac-sha256` (RFC 9421 §3.3.3) as the member's value: a byte sequence between colons. */
export function mac(key: KeyObject, base: string): string {
  return `:${createHmac('sha256', key).update(base).digest('base64')}:`;
}

/**
 * Compares two texts without telling where they differ. Comparing the encoded forms, not the decoded bytes, makes any
 * other spelling of the same bytes a different text.
 */
export function isSameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Whether a field that takes part in the signature came twice. Node joins or drops duplicates before we see them, and
 * what it dropped may be what another party read.
 */
export function hasDuplicates(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const bit = bitOf(rawHeaders[index] ?? '');
    if ((seen & bit) !== 0) return true;
    seen |= bit;
  }
  return false;
}

/** By length first, so that the usual headers cost one comparison of numbers. */
function bitOf(name: string): number {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host' ? 1 : 0;
    case SIGNATURE.length:
      return name.toLowerCase() === SIGNATURE ? 2 : 0;
    case CONTENT_DIGEST.length:
      return name.toLowerCase() === CONTENT_DIGEST ? 4 : 0;
    case SIGNATURE_INPUT.length:
      return name.toLowerCase() === SIGNATURE_INPUT ? 8 : 0;
    case SENDER.length: {
      const lower = name.toLowerCase();
      return lower === SENDER ? 16 : lower === TARGET ? 32 : 0;
    }
    default:
      return 0;
  }
}
