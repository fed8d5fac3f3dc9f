import type { MembershipState } from './state.ts';
import type { MembershipTunables } from './tunables.ts';

/** A suspect's time to refute. It runs in each process by itself. */
export interface Suspicion {
  /** Pushed on by the time in which this process could not have heard the refutation. */
  startedAtMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export function startSuspicion({ tunables, present }: MembershipState, nowMs: number): Suspicion {
  const size = present + 1;
  const minMs = suspicionMinMs(tunables, size);
  return {
    startedAtMs: nowMs,
    minMs,
    maxMs: minMs * tunables.suspicionMaxFactor,
  };
}

/** Grows with the fleet, because the refutation has a longer way to all. */
export function suspicionMinMs(tunables: MembershipTunables, size: number): number {
  return tunables.suspicionMinMs * Math.max(1, Math.log10(size));
}

/**
 * How long this suspect has: long while one process alone accuses it, for it may be that one's own fault; short as soon
 * as independent others agree. Logarithmic, so that the first confirmation counts most. (Lifeguard, Dadgar, Phillips and
 * Currey 2018, section IV-B.)
 */
export function patienceMs({ minMs, maxMs }: Suspicion, confirmations: number, wanted: number): number {
  if (confirmations >= wanted) return minMs;
  return maxMs - (maxMs - minMs) * (Math.log(confirmations + 1) / Math.log(wanted + 1));
}

/**
 * Confirmations after which the shortest time holds: nobody waits for more than can come. Neither the suspect nor its accuser
 * can confirm, and nor can other suspects: where two of three fall silent at once, neither would ever speak of the other.
 */
export function confirmationsWanted({ tunables, present, suspects }: MembershipState): number {
  return Math.max(0, Math.min(tunables.confirmers, present - suspects.size));
}

/** Accusers that nobody knows are not believed: names cost a forger nothing. */
export function confirmations({ entries, self }: MembershipState, suspectedBy: readonly string[] = []): number {
  return Math.max(0, suspectedBy.filter((id) => id === self.id || entries.has(id)).length - 1);
}
