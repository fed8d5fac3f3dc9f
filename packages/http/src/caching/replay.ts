import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { HttpRequest } from '../middleware.ts';
import { varyNames } from './cache-key.ts';
import type { CachedAnswer } from './cache-store.ts';
import { keptHeaders } from './kept-headers.ts';

/** Makes what is kept of an answer. One without an ETag gets one, so that those who have it already need not be sent it again. */
export function keepAnswer(
  status: number,
  before: OutgoingHttpHeaders,
  after: OutgoingHttpHeaders,
  body: Buffer,
  times: Pick<CachedAnswer, 'storedAtMs' | 'endsAtMs'>,
): CachedAnswer {
  const headers = keptHeaders(before, after);
  const hasTag = headers.some(([name]) => name === 'etag');
  const tag = ['etag', `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`] as const;
  return {
    kind: 'answer',
    status,
    headers: hasTag || status !== 200 ? headers : [...headers, tag],
    body,
    variesBy: varyNames(after.vary),
    ...times,
  };
}

/** Answers a request with what was kept. */
export function replay(req: HttpRequest, res: ServerResponse, answer: CachedAnswer, nowMs: number): void {
  if (res.headersSent || res.destroyed) return;
  const isKnown = answer.status === 200 && isNotModified(req, answer);
  for (const [name, value] of answer.headers) {
    if (name === 'vary')
      res.setHeader('Vary', [...new Set([...varyNames(res.getHeader('vary')), ...varyNames(value)])].join(', '));
    // A 304 speaks of the answer that the client has, not of a body of its own.
    else if (!isKnown || !name.startsWith('content-') || name === 'content-location') res.setHeader(name, value);
  }
  res.setHeader('X-Cache', 'HIT');
  res.setHeader('Age', String(Math.max(0, Math.floor((nowMs - answer.storedAtMs) / 1_000))));
  res.statusCode = isKnown ? 304 : answer.status;
  if (isKnown || answer.status === 204) return void res.end();
  res.setHeader('Content-Length', String(answer.body.byteLength));
  if (req.method === 'HEAD') res.end();
  else res.end(answer.body);
}

/** RFC 9110, 13.1: the tag is looked at first, and where there is one the date is not. */
function isNotModified(req: HttpRequest, { headers }: CachedAnswer): boolean {
  const of = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
  const tags = req.headers['if-none-match'];
  if (tags !== undefined) {
    const own = weak(String(of('etag') ?? ''));
    return tags.trim() === '*' || (own !== '' && (tags.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => weak(tag) === own));
  }
  const sinceMs = Date.parse(req.headers['if-modified-since'] ?? '');
  const modifiedMs = Date.parse(String(of('last-modified') ?? ''));
  return modifiedMs <= sinceMs;
}

function weak(tag: string): string {
  return tag.replace(/^W\//, '');
}
