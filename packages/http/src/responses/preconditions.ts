import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, systemClock } from '@express-micro/core';
import { parseHttpDate } from './http-date.ts';

/** What is known of the thing that a request is about, as it is now. */
export interface Validators {
  /** With its quotes: `"7"`, `W/"7"`. */
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  /** Whether there is such a thing at all. @default whether there is an etag or a date */
  readonly exists?: boolean | undefined;
}

export type Precondition = 'proceed' | 'not modified' | 'failed';

/** What a request's conditions come to, in the order of RFC 9110, section 13.2.2. (`If-Range` is of ranges, which nobody serves here.) */
export function evaluatePreconditions(
  method: string | undefined,
  headers: IncomingHttpHeaders,
  now: Validators,
  clock: Clock = systemClock,
): Precondition {
  const dateOf = (field: string | undefined) => (field === undefined ? undefined : parseHttpDate(field, clock.epochMs()));
  const { etag, lastModified, exists = etag !== undefined || lastModified !== undefined } = now;
  const reads = method === 'GET' || method === 'HEAD';
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  const unmodifiedSince = dateOf(headers['if-unmodified-since']);
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, etag, exists, isSameStrongly)) return 'failed';
  } else if (unmodifiedSince !== undefined && lastModified !== undefined && inSeconds(lastModified) > unmodifiedSince) {
    return 'failed';
  }
  if (ifNoneMatch !== undefined) {
    if (lists(ifNoneMatch, etag, exists, isSameWeakly)) return reads ? 'not modified' : 'failed';
    return 'proceed';
  }
  const modifiedSince = reads ? dateOf(headers['if-modified-since']) : undefined;
  if (modifiedSince !== undefined && lastModified !== undefined && inSeconds(lastModified) <= modifiedSince)
    return 'not modified';
  return 'proceed';
}

type Compare = (one: string, other: string) => boolean;

/** RFC 9110, section 8.8.3.2: a weak one is the same as nothing. */
const isSameStrongly: Compare = (one, other) => one === other && !one.startsWith('W/');
const isSameWeakly: Compare = (one, other) => opaque(one) === opaque(other);
const opaque = (etag: string): string => (etag.startsWith('W/') ? etag.slice(2) : etag);

function lists(field: string, etag: string | undefined, exists: boolean, isSame: Compare): boolean {
  if (field.trim() === '*') return exists;
  if (etag === undefined) return false;
  // An etag may hold a comma: so they are found by their quotes.
  return (field.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []).some((each) => isSame(each, etag));
}

/** HTTP's dates know no less than a second. */
function inSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000);
}
