const MAX_MS = 2_147_483_647;

/**
 * The time that a caller gives: whole milliseconds, 0 when it was up as the request was sent. `undefined` for anything else,
 * as if nothing were said: that never gives a request more time, and the caller still hangs up by its own clock.
 */
export function readRemainingMs(header: string | readonly string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,10}$/.test(header)) return undefined;
  const remainingMs = Number(header);
  return remainingMs <= MAX_MS ? remainingMs : undefined;
}
