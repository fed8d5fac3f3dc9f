import type { HelpOutcome, MembershipAction, ProbeOutcome } from './events.ts';
import { conclude } from './learn.ts';
import { byLocalHealth, lowerLocalHealth, raiseLocalHealth } from './local-health.ts';
import { isPresent, type Member } from './member.ts';
import { randomPeers } from './peers-at-random.ts';
import { letGo } from './preservation.ts';
import type { Entry, MembershipState, Round } from './state.ts';

/** Helpers that are gone themselves are replaced, and a doubt asks again; so many times what one failure asks, at most. */
const MAX_ASKING = 2;

/** Starts a probe; where one of the same member is under way, asks again as soon as that has its own answer. */
export function startProbe(state: MembershipState, nowMs: number, id: string): MembershipAction[] {
  const entry = state.entries.get(id);
  if (entry === undefined || !(isPresent(entry.member) || entry.keptUntilMs !== undefined)) return [];
  const ask: MembershipAction = { type: 'probe', id, url: entry.member.url };
  // Who is kept beyond his death is asked, and nothing follows but what the answer says.
  if (!isPresent(entry.member)) return [ask];
  const running = state.rounds.get(id);
  if (running !== undefined) {
    if (running.direct === 'open') return [];
    running.direct = 'open';
    running.refusals = 0;
    return [ask];
  }
  if (state.rounds.size >= state.tunables.maxRounds) return [];
  state.rounds.set(id, {
    id,
    incarnation: entry.member.incarnation,
    endsAtMs: nowMs + byLocalHealth(state, state.tunables.probeTimeoutMs),
    direct: 'open',
    asked: new Set(),
    asks: 0,
    isHelped: false,
    answers: 0,
    refusals: 0,
    refusalsNeeded: Number.POSITIVE_INFINITY,
  });
  return [ask];
}

/** The direct probe is back. An answer was already taken in by `heard`; a failure is checked through others. */
export function onProbed(state: MembershipState, nowMs: number, id: string, outcome: ProbeOutcome): MembershipAction[] {
  const entry = state.entries.get(id);
  const round = state.rounds.get(id);
  if (entry === undefined) return [];
  if (round === undefined) return outcome === 'refused' ? letGo(entry) : [];
  if (outcome === 'answered') return succeed(state, nowMs, round);
  round.direct = 'back';
  return outcome === 'refused' ? onRefused(state, nowMs, round, entry) : askHelpers(state, nowMs, round);
}

/** An answer of the member itself, or a helper's word that it has one. */
export function succeed(state: MembershipState, nowMs: number, round: Round): MembershipAction[] {
  state.rounds.delete(round.id);
  lowerLocalHealth(state, nowMs);
  return [];
}

/**
 * Nobody listens there, says the host itself: that is as quick as it is certain, if others see it too. Two others, or all
 * there are: one broken route between two hosts kills nobody.
 */
function onRefused(state: MembershipState, nowMs: number, round: Round, entry: Entry): MembershipAction[] {
  entry.isRefusing = true;
  round.refusals = 1;
  const helpers = helpersFor(state, round, state.tunables.helpers, [round.id]);
  if (helpers.length > 0 || round.asks === 0) round.refusalsNeeded = 1 + Math.min(2, helpers.length);
  const verdict = refusedByEnough(state, nowMs, round);
  if (verdict !== undefined) return verdict;
  const isNews: MembershipAction = { type: 'changed', member: entry.member, previous: entry.member.status };
  return [isNews, ...ask(state, nowMs, round, helpers)];
}

function askHelpers(state: MembershipState, nowMs: number, round: Round): MembershipAction[] {
  if (round.isHelped) return [];
  const helpers = helpersFor(state, round, state.tunables.helpers, [round.id]);
  const actions = ask(state, nowMs, round, helpers);
  const url = state.entries.get(round.id)?.member.url;
  // With nobody to ask, the second half of the time is for a second try.
  return helpers.length > 0 || url === undefined ? actions : [{ type: 'probe', id: round.id, url }];
}

function helpersFor(state: MembershipState, round: Round, count: number, except: Iterable<string>): Member[] {
  const left = MAX_ASKING * state.tunables.helpers - round.asks;
  return randomPeers(state, Math.min(count, left), new Set(except));
}

function ask(state: MembershipState, nowMs: number, round: Round, helpers: readonly Member[]): MembershipAction[] {
  const withinMs = byLocalHealth(state, state.tunables.probeTimeoutMs);
  round.isHelped = true;
  round.endsAtMs = nowMs + withinMs;
  round.asks += helpers.length;
  for (const helper of helpers) round.asked.add(helper.id);
  return helpers.map((helper): MembershipAction => ({ type: 'ask-helper', id: round.id, helper, withinMs }));
}

export function onHelped(state: MembershipState, nowMs: number, id: string, outcome: HelpOutcome): MembershipAction[] {
  const round = state.rounds.get(id);
  if (round === undefined) return [];
  if (outcome === 'answered') return succeed(state, nowMs, round);
  if (outcome === 'unreachable') return replaceHelper(state, nowMs, round);
  round.answers += 1;
  if (outcome === 'refused' && round.refusals > 0) round.refusals += 1;
  return refusedByEnough(state, nowMs, round) ?? [];
}

/** In the moment in which many crash, helpers are among them. */
function replaceHelper(state: MembershipState, nowMs: number, round: Round): MembershipAction[] {
  const others = helpersFor(state, round, 1, [...round.asked, round.id]);
  return others.length === 0 ? [] : ask(state, nowMs, round, others);
}

function refusedByEnough(state: MembershipState, nowMs: number, round: Round): MembershipAction[] | undefined {
  if (round.refusals < round.refusalsNeeded) return undefined;
  state.rounds.delete(round.id);
  return isStillAbout(state, round) ? conclude(state, nowMs, round.id, 'DEAD') : [];
}

/** Rounds whose time is up go on to helpers, and then end in suspicion, which the suspect can refute. */
export function endRounds(state: MembershipState, nowMs: number): MembershipAction[] {
  const actions: MembershipAction[] = [];
  for (const round of state.rounds.values()) {
    if (nowMs < round.endsAtMs) continue;
    if (!round.isHelped) {
      actions.push(...askHelpers(state, nowMs, round));
      continue;
    }
    state.rounds.delete(round.id);
    // Helpers who said nothing at all speak against us; where there is nobody to ask it may always be us.
    raiseLocalHealth(
      state,
      round.asked.size === 0 ? 1 : Math.max(0, Math.min(state.tunables.helpers, round.asked.size) - round.answers),
    );
    if (isStillAbout(state, round)) actions.push(...conclude(state, nowMs, round.id, 'SUSPECT'));
  }
  return actions;
}

function isStillAbout(state: MembershipState, round: Round): boolean {
  return state.entries.get(round.id)?.member.incarnation === round.incarnation;
}
