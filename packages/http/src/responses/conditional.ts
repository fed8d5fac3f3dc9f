import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { show } from '@express-micro/core';
import { AppError } from '../app-errors.ts';
import { httpError } from '../errors.ts';
import { evaluatePreconditions, type Validators } from './preconditions.ts';

export interface ConditionalOptions extends Validators {
  /** Whether who writes must say what it has read, by `If-Match`: 428 otherwise. So no change is lost. @default false */
  readonly needsIfMatch?: boolean | undefined;
}

/**
 * Answers by what a client knows already. `true`: it has been answered with 304, and there is nothing more to do.
 *
 * ```ts
 * if (conditional(req, res, { etag: etagOf(order.version) })) return;
 * ```
 *
 * Before a write it makes sure that nobody else has written since: that is, `If-Match` fails. Between this and the
 * write another may: compare the version once more where you write it (`UPDATE … WHERE version = $1`).
 *
 * @throws AppError 412 `PRECONDITION_FAILED`, 428 `PRECONDITION_REQUIRED`; HTTP_OPTION_INVALID for an etag or a date that is none
 */
export function conditional(req: IncomingMessage, res: ServerResponse, now: ConditionalOptions): boolean {
  const { etag, lastModified, needsIfMatch = false } = now;
  if (etag !== undefined && !/^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag)) {
    throw httpError('HTTP_OPTION_INVALID', `conditional() takes an etag with its quotes, '"7"' or 'W/"7"': etagOf() makes one.`);
  }
  if (lastModified !== undefined && !(lastModified instanceof Date && !Number.isNaN(lastModified.getTime()))) {
    throw httpError('HTTP_OPTION_INVALID', `conditional() takes a Date as lastModified; it got ${show(lastModified)}.`);
  }
  if (needsIfMatch && req.headers['if-match'] === undefined) {
    throw new AppError('Say by If-Match which version is meant', { status: 428, code: 'PRECONDITION_REQUIRED' });
  }
  const isWrite = req.method !== 'GET' && req.method !== 'HEAD';
  const came = evaluatePreconditions(req.method, req.headers, now);
  if (came === 'failed') {
    throw new AppError('It is not as the request says', { status: 412, code: 'PRECONDITION_FAILED' });
  }
  // The answer to a write is of another version than the one that was compared.
  if (isWrite || res.headersSent) return false;
  if (etag !== undefined) res.setHeader('etag', etag);
  if (lastModified !== undefined) res.setHeader('last-modified', lastModified.toUTCString());
  if (came === 'proceed') return false;
  for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language']) res.removeHeader(name);
  res.statusCode = 304;
  res.end();
  return true;
}

/** An etag of a version, or of the bytes of an answer. `isWeak`: the same in meaning, not in every byte. */
export function etagOf(content: string | number | Uint8Array, { isWeak = false }: { readonly isWeak?: boolean } = {}): string {
  const hash = createHash('sha256')
    .update(typeof content === 'number' ? String(content) : content)
    .digest('base64url')
    .slice(0, 27);
  return `${isWeak ? 'W/' : ''}"${hash}"`;
}
