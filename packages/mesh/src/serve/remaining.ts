const MAX_MS = 2_147_483_647;

/**
 * The time that a caller gives: whole milliseconds, 0 when it was up as the request was sent. `undefined` for anything else,
 * as if nothing were said: that never gives a request more time, and the caller still hangs up by its own clock.
 */
export function readRemainingMs(header: string | readonly string[] | undefined): number | undefined {
  if (typeof header !== 'string' || header.length === 0 || header.length > 10) return undefined;
  let remainingMs = 0;
  for (let at = 0; at < header.length; at++) {
    const digit = header.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    remainingMs = remainingMs * 10 + digit;
  }
  return remainingMs <= MAX_MS ? remainingMs : undefined;
}
