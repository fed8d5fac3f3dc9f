import type { ServerResponse } from 'node:http';

/** What a client is told of a limit. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Until the oldest request that counts no longer does, so that there is room for more. */
  readonly resetMs: number;
}

export interface LimitHeaderOptions {
  readonly name: string;
  readonly windowMs: number;
  readonly standardHeaders: boolean;
  readonly legacyHeaders: boolean;
}

function secondsOf(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1_000));
}

/**
 * `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers, one member for each limiter that a request passes; and,
 * where they are wanted, the `X-RateLimit-*` that came before it, which know of one limiter only: the one with the least left.
 */
export function setLimitHeaders(
  res: ServerResponse,
  { name, windowMs, standardHeaders, legacyHeaders }: LimitHeaderOptions,
  { limit, remaining, resetMs }: LimitState,
  epochMs: number,
): void {
  if (res.headersSent) return;
  if (standardHeaders) {
    addMember(res, 'RateLimit-Policy', `"${name}";q=${limit};w=${secondsOf(windowMs)}`);
    addMember(res, 'RateLimit', `"${name}";r=${remaining};t=${secondsOf(resetMs)}`);
  }
  if (!legacyHeaders) return;
  const before = res.getHeader('X-RateLimit-Remaining');
  if (before !== undefined && Number(before) <= remaining) return;
  res.setHeader('X-RateLimit-Limit', String(limit));
  res.setHeader('X-RateLimit-Remaining', String(remaining));
  res.setHeader('X-RateLimit-Reset', String(Math.ceil((epochMs + resetMs) / 1_000)));
}

function addMember(res: ServerResponse, header: string, member: string): void {
  const before = res.getHeader(header);
  res.setHeader(header, before === undefined ? member : `${before}, ${member}`);
}

const LIMIT_HEADERS = ['ratelimit', 'ratelimit-policy', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'];

/** What the answer to a refused request has: also where whoever writes it begins with no headers, as Express's own handler does. */
export function refusalHeaders(res: ServerResponse, resetMs: number): Record<string, string> {
  const headers: Record<string, string> = { 'retry-after': String(Math.max(1, secondsOf(resetMs))) };
  for (const header of LIMIT_HEADERS) {
    const value = res.getHeader(header);
    if (value !== undefined) headers[header] = String(value);
  }
  return headers;
}
