import type { MembershipAction } from './events.ts';
import { isPresent } from './member.ts';
import type { MembershipState, Seed } from './state.ts';

/** Where a seed's first retry starts; it doubles from there, with full jitter, up to the limits of the tunables. */
const FIRST_RETRY_MS = 1_000;
/** Tries with at most two ticks between them: about the first half minute. */
const EAGER_ATTEMPTS = 30;

/** Seeds are asked for ever: a fleet that was split, or started in any order, meets again through them. */
export function seedsDue(state: MembershipState, nowMs: number): MembershipAction[] {
  const actions: MembershipAction[] = [];
  for (const seed of state.seeds.values()) {
    if (nowMs < seed.nextAtMs) continue;
    scheduleRetry(state, nowMs, seed);
    if (!isSettled(state, seed)) actions.push({ type: 'sync', url: seed.url, id: undefined, seed: seed.url });
  }
  return actions;
}

export function onSeedAnswer(state: MembershipState, nowMs: number, url: string, ownerId: string | undefined): void {
  const seed = state.seeds.get(url);
  if (seed === undefined) return;
  seed.ownerId = ownerId;
  if (ownerId !== undefined) seed.attempts = 0;
  scheduleRetry(state, nowMs, seed);
}

/** Whoever answers at the seed's address is present, or is ourselves. */
function isSettled(state: MembershipState, seed: Seed): boolean {
  if (seed.ownerId === undefined) return false;
  if (seed.ownerId === state.self.id) return true;
  const owner = state.entries.get(seed.ownerId);
  return owner !== undefined && isPresent(owner.member);
}

function scheduleRetry(state: MembershipState, nowMs: number, seed: Seed): void {
  const { seedLonelyMs, seedKnownMs, tickMs } = state.tunables;
  const isLonely = state.present === 0;
  // Services that are started together are up within a minute: a seed that was not there yet is asked often at first.
  const ceiling = seed.attempts < EAGER_ATTEMPTS ? 2 * tickMs : isLonely ? seedLonelyMs : seedKnownMs;
  const backoffMs = Math.min(ceiling, Math.min(FIRST_RETRY_MS, tickMs) * 2 ** Math.min(seed.attempts, 20));
  seed.attempts += 1;
  // A settled seed is only looked at again, at no cost; looking often finds its loss early.
  seed.nextAtMs = nowMs + (isSettled(state, seed) ? tickMs : Math.max(tickMs / 5, state.random() * backoffMs));
}
