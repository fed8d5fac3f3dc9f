import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Directives of `Cache-Control` (RFC 9111), in lower case; one without a value has ''. */
export function readDirectives(header: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of header.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    directives.set(name.toLowerCase(), quoted ?? plain ?? '');
  }
  return directives;
}

/** What a client wants of a cache. */
export interface Wishes {
  /** May be answered with what was kept. */
  readonly mayRead: boolean;
  readonly mayStore: boolean;
  readonly onlyIfCached: boolean;
  /** The oldest answer that it takes. */
  readonly maxAgeSeconds: number;
}

const NO_WISHES: Wishes = Object.freeze({
  mayRead: true,
  mayStore: true,
  onlyIfCached: false,
  maxAgeSeconds: Number.POSITIVE_INFINITY,
});

export function wishesOf(headers: IncomingHttpHeaders): Wishes {
  const given = headers['cache-control'];
  if (given === undefined && headers.pragma === undefined) return NO_WISHES;
  const directives = readDirectives(given ?? '');
  const isNoCache = directives.has('no-cache') || (given === undefined && readDirectives(headers.pragma ?? '').has('no-cache'));
  return {
    mayRead: !isNoCache,
    mayStore: !directives.has('no-store'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAgeSeconds: secondsIn(directives, 'max-age') ?? Number.POSITIVE_INFINITY,
  };
}

/** What may be kept without being asked for; with a time of its own also what says that something is not there. */
const STATUSES = new Set([200, 203, 204, 301, 308]);
const STATUSES_WITH_TIME = new Set([...STATUSES, 300, 302, 307, 404, 405, 410, 414, 501]);

/**
 * For how many milliseconds an answer may be kept; 0: not at all.
 *
 * @param ttlMs the longest
 */
export function freshnessMs(status: number, headers: OutgoingHttpHeaders, ttlMs: number, nowMs: number): number {
  const directives = readDirectives(String(headers['cache-control'] ?? ''));
  const isPersonal = headers['set-cookie'] !== undefined || String(headers.vary ?? '').includes('*');
  if (isPersonal || ['no-store', 'no-cache', 'private'].some((word) => directives.has(word))) return 0;
  // A stream of events ends when its client goes.
  if (headers.trailer !== undefined || /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))) return 0;
  const seconds = secondsIn(directives, 's-maxage') ?? secondsIn(directives, 'max-age') ?? secondsUntil(headers.expires, nowMs);
  if (!(seconds === undefined ? STATUSES : STATUSES_WITH_TIME).has(status)) return 0;
  return Math.min(ttlMs, (seconds ?? Number.POSITIVE_INFINITY) * 1_000);
}

function secondsIn(directives: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = directives.get(name);
  if (text === undefined) return undefined;
  // Of what cannot be read the safe side is taken: it is over.
  return /^\d{1,10}$/.test(text) ? Number(text) : 0;
}

function secondsUntil(date: unknown, nowMs: number): number | undefined {
  if (date === undefined) return undefined;
  // `Expires: 0` is common, means that it is over, and is a date for `Date.parse`.
  const atMs = /GMT$/.test(String(date)) ? Date.parse(String(date)) : Number.NaN;
  return Number.isNaN(atMs) ? 0 : Math.max(0, (atMs - nowMs) / 1_000);
}
