/** Every duration of a source that reads an engine, derived from the one number that users set. All in milliseconds. */
export interface RegistryTimes {
  /** Between two rounds (renew, list). A third of `pingInterval`. Lower costs the engine in proportion. */
  readonly roundMs: number;
  /** How long a record stands without being renewed: four rounds and a half, so that one that fails is no matter. */
  readonly leaseMs: number;
  /** How long the engine may take for one answer: half of `pingInterval`, no less than 1 s. */
  readonly engineTimeoutMs: number;
  /** How long a member may take that is asked itself. */
  readonly askTimeoutMs: number;
  /** Longest pause between two tries while the engine is lost. */
  readonly maxBackoffMs: number;
  /** Between two looks because of hints: a fleet that starts at once is not one look for each. */
  readonly hintGapMs: number;
  /** The longest that `leave()` waits for the engine. */
  readonly leaveTimeoutMs: number;
}

/**
 * Silence is known after a lease, a round and a question at most: 1.5 + 0.33 + 0.2 of `pingInterval`, where at least half a
 * second is left for the question.
 */
export function registryTimes(pingIntervalMs: number): RegistryTimes {
  return Object.freeze({
    roundMs: pingIntervalMs / 3,
    leaseMs: Math.round(1.5 * pingIntervalMs),
    engineTimeoutMs: Math.max(1_000, pingIntervalMs / 2),
    askTimeoutMs: Math.max(500, pingIntervalMs / 5),
    maxBackoffMs: pingIntervalMs,
    hintGapMs: pingIntervalMs / 25,
    leaveTimeoutMs: 500,
  });
}

/** The first pause: at a start the engine is often a moment away. */
const FIRST_BACKOFF_MS = 100;

/** Full jitter: somewhere between nothing and twice as long as the last time, so that a fleet does not come back at once. */
export function backoffMs(failures: number, { maxBackoffMs }: RegistryTimes, chance: number): number {
  return chance * Math.min(maxBackoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 20));
}
