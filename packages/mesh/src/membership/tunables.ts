/** Every duration of the protocol, derived from the one number that users set. All in milliseconds. */
export interface MembershipTunables {
  /** Between two pulses, the shortest beat of the protocol: news is spread on each. A fifth of a tick. */
  readonly pulseMs: number;
  /** Between two probes. A fifth of `pingInterval`. Lower finds failures sooner and costs messages in proportion. */
  readonly tickMs: number;
  /** How long a probe waits for its answer: half a tick, no less than 100 ms. Lower suspects slow peers. */
  readonly probeTimeoutMs: number;
  /** How long an exchange of whole tables waits: twice a probe, no less than 1 s. */
  readonly syncTimeoutMs: number;
  /** How long a suspect has to refute, for a fleet of up to ten: 4 ticks; it grows with log10 of the fleet. */
  readonly suspicionMs: number;
  /** A seed peer is retried this often at most while nobody else is known: 2 × `pingInterval`. */
  readonly seedLonelyMs: number;
  /** … and this often otherwise: 6 × `pingInterval` (30 s at the default). */
  readonly seedKnownMs: number;
  /** Full tables are exchanged with one random peer this often: 6 × `pingInterval`. */
  readonly syncMs: number;
  /** How long two tables may differ in silence before they are exchanged: 2 ticks. */
  readonly differMs: number;
  /** Between two such exchanges: 5 ticks. */
  readonly digestSyncMs: number;
  /** One of the dead is tried again this often: 3 × `pingInterval` (15 s at the default). */
  readonly reviveMs: number;
  /** How long somebody who left is remembered, so that old news cannot bring him back. */
  readonly leftMemoryMs: number;
  readonly deadMemoryMs: number;
  /** Members remembered at most, the dead included. */
  readonly maxMembers: number;
  /** Helpers asked when a probe fails. */
  readonly helpers: number;
  /** Updates that ride on one message at most. */
  readonly updatesPerMessage: number;
  /** Peers to which news is pushed on each pulse while there is some. */
  readonly fanout: number;
}

export function membershipTunables(pingIntervalMs: number): MembershipTunables {
  const tickMs = pingIntervalMs / 5;
  return Object.freeze({
    pulseMs: tickMs / 5,
    tickMs,
    probeTimeoutMs: Math.max(100, tickMs / 2),
    syncTimeoutMs: Math.max(1_000, tickMs),
    suspicionMs: 4 * tickMs,
    seedLonelyMs: 2 * pingIntervalMs,
    seedKnownMs: 6 * pingIntervalMs,
    syncMs: 6 * pingIntervalMs,
    differMs: 2 * tickMs,
    digestSyncMs: 5 * tickMs,
    reviveMs: 3 * pingIntervalMs,
    leftMemoryMs: 600_000,
    deadMemoryMs: 86_400_000,
    maxMembers: 4096,
    helpers: 3,
    updatesPerMessage: 8,
    fanout: 3,
  });
}
