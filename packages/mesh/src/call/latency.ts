/**
 * Peak-EWMA (Finagle): a slow answer counts at once, and is forgotten slowly: after `decayMs` it weighs a third. Time
 * forgets, not the number of answers, so that an instance nobody calls is tried again one day.
 */
export function latencyAfter(latencyMs: number, atMs: number, sampleMs: number, nowMs: number, decayMs: number): number {
  if (sampleMs >= latencyMs) return sampleMs;
  const kept = weight(nowMs - atMs, decayMs);
  return latencyMs * kept + sampleMs * (1 - kept);
}

/** What is left of it now. */
export function latencyNow(latencyMs: number, atMs: number, nowMs: number, decayMs: number): number {
  return latencyMs * weight(nowMs - atMs, decayMs);
}

function weight(passedMs: number, decayMs: number): number {
  return passedMs <= 0 ? 1 : Math.exp(-passedMs / decayMs);
}
