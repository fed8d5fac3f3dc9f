import type { Clock } from '@express-micro/core';

/**
 * When this turn of the event loop began to serve requests: the time at which a request came, as well as it can be known.
 *
 * All requests that one turn reads lay ready when it began, however long those before them took. What a request waited
 * before that, in the kernel, nobody can tell. One immediate a turn, not one a request.
 */
export function createTurn(clock: Clock): () => number {
  let beganAtMs: number | undefined;
  const end = () => {
    beganAtMs = undefined;
  };
  return () => {
    if (beganAtMs === undefined) {
      beganAtMs = clock.monotonicMs();
      setImmediate(end);
    }
    return beganAtMs;
  };
}
