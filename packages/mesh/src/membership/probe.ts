import type { MembershipAction, MembershipEvent, ProbeOutcome } from './events.ts';
import { conclude } from './learn.ts';
import { byLocalHealth, lowerLocalHealth, raiseLocalHealth } from './local-health.ts';
import { isPresent } from './member.ts';
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
    return [ask];
  }
  if (state.rounds.size >= state.tunables.maxRounds) return [];
  state.rounds.set(id, {
    id,
    incarnation: entry.member.incarnation,
    endsAtMs: nowMs + byLocalHealth(state, state.tunables.probeTimeoutMs),
    phase: 'direct',
    direct: 'open',
    isRefused: false,
    asked: new Set(),
    asks: 0,
    answered: new Set(),
    refusedToo: new Set(),
    gone: new Set(),
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
  return outcome === 'refused' ? onRefused(state, nowMs, round, entry) : goOn(state, nowMs, round);
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
  round.isRefused = true;
  const questions = askHelpers(state, nowMs, round, state.tunables.helpers, [round.id]);
  const isNews: MembershipAction = { type: 'changed', member: entry.member, previous: entry.member.status };
  return refusedByEnough(state, nowMs, round) ?? [isNews, ...questions];
}

function askHelpers(
  state: MembershipState,
  nowMs: number,
  round: Round,
  count: number,
  except: Iterable<string>,
): MembershipAction[] {
  const left = MAX_ASKING * state.tunables.helpers - round.asks;
  const helpers = randomPeers(state, Math.min(count, left), new Set(except));
  const withinMs = byLocalHealth(state, state.tunables.probeTimeoutMs);
  round.phase = 'helped';
  round.endsAtMs = nowMs + withinMs;
  round.asks += helpers.length;
  for (const helper of helpers) round.asked.add(helper.id);
  return helpers.map((helper): MembershipAction => ({ type: 'ask-helper', id: round.id, helper, withinMs }));
}

/** The direct probe has failed without a word. With nobody to ask, the second half of the time is for a second try. */
function goOn(state: MembershipState, nowMs: number, round: Round): MembershipAction[] {
  if (round.phase === 'helped') return [];
  const questions = askHelpers(state, nowMs, round, state.tunables.helpers, [round.id]);
  const url = state.entries.get(round.id)?.member.url;
  return questions.length > 0 || url === undefined ? questions : [{ type: 'probe', id: round.id, url }];
}

export function onHelped(
  state: MembershipState,
  nowMs: number,
  { id, helper, outcome }: MembershipEvent & { type: 'helped' },
): MembershipAction[] {
  const round = state.rounds.get(id);
  if (round === undefined || outcome === 'mute') return [];
  if (outcome === 'answered') return succeed(state, nowMs, round);
  if (outcome === 'gone') {
    // In the moment in which many crash, helpers are among them; who is left must not wait for the dead to confirm it.
    round.gone.add(helper);
    const instead = askHelpers(state, nowMs, round, 1, [...round.asked, id]);
    return refusedByEnough(state, nowMs, round) ?? instead;
  }
  round.answered.add(helper);
  if (outcome === 'refused') round.refusedToo.add(helper);
  return refusedByEnough(state, nowMs, round) ?? [];
}

/** Two others, or all there are. */
function refusedByEnough(state: MembershipState, nowMs: number, round: Round): MembershipAction[] | undefined {
  const needed = Math.min(2, round.asked.size - round.gone.size);
  if (!round.isRefused || round.refusedToo.size < needed) return undefined;
  state.rounds.delete(round.id);
  return isStillAbout(state, round) ? conclude(state, nowMs, round.id, 'DEAD') : [];
}

/** Rounds whose time is up go on to helpers, and then end in suspicion, which the suspect can refute. */
export function endRounds(state: MembershipState, nowMs: number): MembershipAction[] {
  const actions: MembershipAction[] = [];
  for (const round of state.rounds.values()) {
    if (nowMs < round.endsAtMs) continue;
    if (round.phase === 'direct') {
      actions.push(...goOn(state, nowMs, round));
      continue;
    }
    state.rounds.delete(round.id);
    raiseLocalHealth(state, blameOf(state, round));
    if (isStillAbout(state, round)) actions.push(...conclude(state, nowMs, round.id, 'SUSPECT'));
  }
  return actions;
}

/** Helpers who said nothing at all speak against us; and where there is nobody to ask it may always be us. */
function blameOf({ tunables }: MembershipState, { asked, answered, gone }: Round): number {
  if (asked.size === 0) return 1;
  return Math.max(0, Math.min(tunables.helpers, asked.size - gone.size) - answered.size);
}

function isStillAbout(state: MembershipState, round: Round): boolean {
  return state.entries.get(round.id)?.member.incarnation === round.incarnation;
}
