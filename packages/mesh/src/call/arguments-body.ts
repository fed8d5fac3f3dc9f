import { Readable } from 'node:stream';
import { meshError } from '../errors.ts';
import { shown } from '../routes/scalar.ts';

export interface EncodedBody {
  readonly body: string | Buffer | Readable | undefined;
  /** The `content-type`, unless the caller names one. */
  readonly type: string | undefined;
}

export const JSON_TYPE = 'application/json';
const BYTES_TYPE = 'application/octet-stream';

/**
 * Any value that JSON can write; bytes, text, a form or a stream as they are; `undefined` is no body.
 * @throws MESH_ARGUMENT_INVALID for what cannot be written
 */
export function encodeBody(body: unknown, name: string): EncodedBody {
  if (body === undefined) return { body: undefined, type: undefined };
  if (typeof body === 'string') return { body, type: 'text/plain; charset=utf-8' };
  if (body instanceof Uint8Array) return { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength), type: BYTES_TYPE };
  if (body instanceof URLSearchParams) return { body: body.toString(), type: 'application/x-www-form-urlencoded' };
  if (body instanceof Readable) {
    if (body.readableEnded || body.destroyed) {
      throw meshError('MESH_ARGUMENT_INVALID', `${name}: the stream given as body has been read or destroyed already.`);
    }
    return { body, type: BYTES_TYPE };
  }
  if (isWebBody(body)) {
    throw meshError(
      'MESH_ARGUMENT_INVALID',
      `${name}: the body cannot be a ${body.constructor.name}; give a Node stream (Readable.fromWeb) or bytes.`,
    );
  }
  return { body: toJson(body, name), type: JSON_TYPE };
}

/** @throws MESH_ARGUMENT_INVALID for a BigInt, a circle, or a key that reaches into the receiver's objects */
export function toJson(value: unknown, name: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'its toJSON() failed';
    const hint = reason.includes('BigInt') ? '; give it as a string' : '';
    throw meshError('MESH_ARGUMENT_INVALID', `${name}: the body cannot be written as JSON: ${reason}${hint}.`, { cause });
  }
  if (text === undefined) throw meshError('MESH_ARGUMENT_INVALID', `${name}: ${shown(value)} cannot be written as JSON.`);
  refuseForbiddenKeys(text, name);
  return text;
}

/**
 * Looks in the JSON itself, whatever `toJSON()` made of the value. Only a key can read so: inside a text the quotes would
 * have a backslash before them, and these letters are never escaped.
 */
function refuseForbiddenKeys(json: string, name: string): void {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    if (json.includes(`"${key}":`)) {
      throw meshError(
        'MESH_ARGUMENT_INVALID',
        `${name}: the key "${key}" cannot be sent: it would reach into the receiver's objects.`,
      );
    }
  }
}

function isWebBody(value: unknown): value is Blob | FormData | ReadableStream | ArrayBuffer {
  return value instanceof Blob || value instanceof FormData || value instanceof ReadableStream || value instanceof ArrayBuffer;
}
