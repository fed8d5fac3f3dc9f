import { X509Certificate } from 'node:crypto';

export type Pem = string | Buffer;

const CERTIFICATE = /-----BEGIN (?:[A-Z0-9]+ )*CERTIFICATE-----[\s\S]*?-----END (?:[A-Z0-9]+ )*CERTIFICATE-----/g;
const BEGINNING = /-----BEGIN [A-Z0-9 ]+-----/g;
const ENDING = /-----END [A-Z0-9 ]+-----/g;

/**
 * The certificates of a PEM text, in their order.
 * @throws Error for a text in which none is whole, or one begins that does not end: a file that is just being written
 */
export function certificatesIn(pem: Pem): X509Certificate[] {
  const text = pem.toString('latin1');
  if (countOf(BEGINNING, text) !== countOf(ENDING, text)) throw new Error('is cut off in the middle');
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new Error('holds no certificate');
  return found.map((one) => new X509Certificate(one));
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0;
}
