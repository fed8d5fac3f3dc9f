import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { AnswerHeaders } from './transport/transport.ts';

/** Some kilobytes may stand for as many gigabytes: whoever calls wants an answer, not the end of its memory. */
const MAX_DECODED_BYTES = 64 * 1_048_576;

/** Codings in the order in which they were applied (RFC 9110, section 8.4). */
export function codingsOf(headers: AnswerHeaders): readonly string[] {
  const field = headers['content-encoding'];
  if (field === undefined) return [];
  const names = String(field).toLowerCase().split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity');
}

/**
 * The body as it was before it was compressed. Synchronous, as parsing it will be: that takes longer than this does.
 * @throws where it is cut off, is something else, or is larger than `maxBytes`
 */
export function decodeBody(body: Buffer, codings: readonly string[], maxBytes: number = MAX_DECODED_BYTES): Buffer {
  return body.length === 0 ? body : codings.reduceRight((coded, coding) => undo(coding, coded, maxBytes), body);
}

function undo(coding: string, body: Buffer, maxOutputLength: number): Buffer {
  if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(body, { maxOutputLength });
  if (coding === 'br') return brotliDecompressSync(body, { maxOutputLength });
  if (coding === 'deflate')
    return isZlib(body) ? inflateSync(body, { maxOutputLength }) : inflateRawSync(body, { maxOutputLength });
  throw new Error(`"${coding}" is not among gzip, deflate and br`);
}

/**
 * `deflate` means the zlib format, whose first byte ends in this; some servers send it without its head (RFC 9110, section
 * 8.4.1.2), and no block of theirs begins so.
 */
const ZLIB_METHOD = 8;

function isZlib(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (first & 0x0f) === ZLIB_METHOD && (first * 256 + second) % 31 === 0;
}
