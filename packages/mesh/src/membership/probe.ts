import type { MembershipAction, ProbeOutcome } from './events.ts';
import { conclude } from './learn.ts';
import { isPresent } from './member.ts';
import { randomPeers } from './rumours.ts';
import type { MembershipState, Round } from './state.ts';

/** Starts a probe; where one of the same member is under way, asks again as soon as that has its own answer. */
export function startProbe(state: MembershipState, nowMs: number, id: string): MembershipAction[] {
  const entry = state.entries.get(id);
  if (entry === undefined || !isPresent(entry.member)) return [];
  const ask: MembershipAction = { type: 'probe', id, url: entry.member.url };
  const running = state.rounds.get(id);
  if (running !== undefined) {
    if (!running.isDirectOver) return [];
    running.isDirectOver = false;
    running.refusals = 0;
    return [ask];
  }
  const { tickMs, probeTimeoutMs } = state.tunables;
  state.rounds.set(id, {
    id,
    incarnation: entry.member.incarnation,
    endsAtMs: nowMs + Math.max(tickMs, 2 * probeTimeoutMs),
    isDirectOver: false,
    refusals: 0,
    refusalsNeeded: 1,
  });
  return [ask];
}

/** The direct probe is back. An answer was already taken in by `heard`; a failure is checked through others. */
export function onProbed(state: MembershipState, nowMs: number, id: string, outcome: ProbeOutcome): MembershipAction[] {
  const round = state.rounds.get(id);
  const entry = state.entries.get(id);
  if (round === undefined || entry === undefined) return [];
  if (outcome === 'answered') {
    state.rounds.delete(id);
    return [];
  }
  round.isDirectOver = true;
  const helpers = randomPeers(state, state.tunables.helpers, id);
  if (outcome === 'refused') {
    entry.isRefusing = true;
    round.refusals = 1;
    // Two others must see it too, or all there are: one broken route between two hosts kills nobody.
    round.refusalsNeeded = 1 + Math.min(2, helpers.length);
    const verdict = refusedByEnough(state, nowMs, round);
    if (verdict !== undefined) return verdict;
  }
  const changed: MembershipAction[] =
    outcome === 'refused' ? [{ type: 'changed', member: entry.member, previous: entry.member.status }] : [];
  return [...changed, ...helpers.map((helper): MembershipAction => ({ type: 'ask-helper', id, helper }))];
}

export function onHelped(state: MembershipState, nowMs: number, id: string, outcome: ProbeOutcome): MembershipAction[] {
  const round = state.rounds.get(id);
  if (round === undefined) return [];
  if (outcome === 'answered') {
    state.rounds.delete(id);
    return [];
  }
  if (outcome === 'refused' && round.refusals > 0) round.refusals += 1;
  return refusedByEnough(state, nowMs, round) ?? [];
}

function refusedByEnough(state: MembershipState, nowMs: number, round: Round): MembershipAction[] | undefined {
  if (round.refusals < round.refusalsNeeded) return undefined;
  state.rounds.delete(round.id);
  return isStillAbout(state, round) ? conclude(state, nowMs, round.id, 'DEAD') : [];
}

/** Rounds whose time is up end in suspicion, which the suspect can refute. */
export function endRounds(state: MembershipState, nowMs: number): MembershipAction[] {
  const actions: MembershipAction[] = [];
  for (const round of state.rounds.values()) {
    if (nowMs < round.endsAtMs) continue;
    state.rounds.delete(round.id);
    if (isStillAbout(state, round)) actions.push(...conclude(state, nowMs, round.id, 'SUSPECT'));
  }
  return actions;
}

function isStillAbout(state: MembershipState, round: Round): boolean {
  return state.entries.get(round.id)?.member.incarnation === round.incarnation;
}
