import type { MembershipAction } from './events.ts';
import { isPresent } from './member.ts';
import type { Entry, MembershipState } from './state.ts';
import { suspicionMinMs } from './suspicion.ts';
import { fleetSize } from './table.ts';

/**
 * When a large part of the fleet falls silent at once it is rather the network, or this process, than all of them. They are
 * dead to the protocol, so that whoever is dead is found out; but callers keep them, after all others, because a call
 * that may fail is better than a service that nobody finds.
 *
 * A refused connection is not silence: its host has answered.
 */
export function isMassLoss(state: MembershipState, nowMs: number): boolean {
  const { silent, of } = silentNow(state, nowMs);
  const { preserveAbove, preserveAtLeast } = state.tunables;
  return silent >= preserveAtLeast && silent > of * preserveAbove;
}

/** Those who are suspected count as well: the first of many to die is one of many. */
function silentNow(state: MembershipState, nowMs: number): { silent: number; of: number } {
  const windowMs = suspicionMinMs(state.tunables, fleetSize(state)) * state.tunables.suspicionMaxFactor;
  let lost = 0;
  for (const entry of state.entries.values()) {
    if (entry.member.status === 'DEAD' && entry.isLostInSilence && nowMs - entry.sinceMs <= windowMs) lost += 1;
  }
  return { silent: state.suspects.size + lost, of: state.present + lost };
}

export function keep(state: MembershipState, nowMs: number, entry: Entry): MembershipAction[] {
  entry.keptUntilMs = nowMs + state.tunables.preserveMs;
  if (state.isPreserving) return [];
  state.isPreserving = true;
  return [{ type: 'preserving', isSo: true, ...silentNow(state, nowMs) }];
}

/** Nobody listens there: that one is gone for callers too. */
export function letGo(entry: Entry): MembershipAction[] {
  if (entry.keptUntilMs === undefined) return [];
  entry.keptUntilMs = undefined;
  return [{ type: 'changed', member: entry.member, previous: entry.member.status }];
}

export function endPreservation(state: MembershipState, nowMs: number): MembershipAction[] {
  if (!state.isPreserving) return [];
  const kept = [...state.entries.values()].filter((entry) => entry.keptUntilMs !== undefined);
  const actions = kept.filter((entry) => nowMs >= (entry.keptUntilMs as number)).flatMap(letGo);
  if (kept.some((entry) => entry.keptUntilMs !== undefined)) return actions;
  state.isPreserving = false;
  return [...actions, { type: 'preserving', isSo: false, silent: 0, of: state.present }];
}

/** Whether callers may still use it: present, or kept. */
export function isRoutable({ member, keptUntilMs }: Entry): boolean {
  return isPresent(member) || (member.status === 'DEAD' && keptUntilMs !== undefined);
}
