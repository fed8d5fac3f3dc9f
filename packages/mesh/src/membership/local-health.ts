import type { MembershipState } from './state.ts';

/**
 * How far this process should mistrust its own eyes, 0 to 8 (Lifeguard, section IV-A). Missed words of helpers, having been
 * suspected itself, and a late event loop speak against it; answered probes for it. Probes are slower by that factor,
 * so that a sick process accuses nobody of what is its own fault.
 */
export function raiseLocalHealth(state: MembershipState, by: number): void {
  state.localHealth = Math.min(state.tunables.maxLocalHealth, state.localHealth + by);
}

/**
 * An answered probe. Halved and not lowered by one: the worse it is the fewer probes there are, and step by step the way back
 * from the worst took 45 s, in which nobody's death was noticed here. While the event loop lags an answer proves nothing:
 * the next one may be late again.
 */
export function lowerLocalHealth(state: MembershipState, nowMs: number): void {
  if (nowMs >= state.lagsUntilMs) state.localHealth = Math.floor(state.localHealth / 2);
}

/** A beat came late: once a tick that counts, for a single long pause is one event and not a dozen. */
export function noteLag(state: MembershipState, nowMs: number, lateMs: number): void {
  const { lagMs, lagMemoryMs, tickMs } = state.tunables;
  if (lateMs < lagMs) return;
  state.lagsUntilMs = nowMs + lagMemoryMs;
  if (nowMs < state.nextLagAtMs) return;
  state.nextLagAtMs = nowMs + tickMs;
  raiseLocalHealth(state, 1);
}

/** A duration of our own probing, longer the less we trust ourselves. */
export function byLocalHealth(state: MembershipState, ms: number): number {
  return ms * (1 + state.localHealth);
}
