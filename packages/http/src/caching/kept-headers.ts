import type { OutgoingHttpHeaders } from 'node:http';
import type { CachedAnswer } from './cache-store.ts';

/** Of one connection, of one request, or written anew each time. */
const NEVER_KEPT = new Set([
  'age',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'server-timing',
  'set-cookie',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-cache',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
  'x-response-time',
]);

/**
 * The headers that an answer was given behind the cache. What stood there before is set by what stands in front, which also runs for
 * an answer that was kept: request ids and CORS are those of the request at hand.
 */
export function keptHeaders(before: OutgoingHttpHeaders, after: OutgoingHttpHeaders): CachedAnswer['headers'] {
  const kept: [string, string | readonly string[]][] = [];
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined || NEVER_KEPT.has(name) || String(before[name]) === String(value)) continue;
    kept.push([name, Array.isArray(value) ? value.map(String) : String(value)]);
  }
  return kept;
}
