import { compareHashes, continueSync, learnClaims, syncsDue } from './anti-entropy.ts';
import { spread } from './dissemination.ts';
import type { Heard, MembershipAction, MembershipEvent } from './events.ts';
import { conclude, forgetOld, learn, learnFromTable } from './learn.ts';
import { byLocalHealth, noteLag } from './local-health.ts';
import { isPresent } from './member.ts';
import { randomPeers } from './peers-at-random.ts';
import { endPreservation } from './preservation.ts';
import { endRounds, onHelped, onProbed, startProbe, succeed } from './probe.ts';
import { onSeedAnswer, seedsDue } from './seeds.ts';
import type { MembershipState } from './state.ts';
import { confirmations, confirmationsWanted, patienceMs } from './suspicion.ts';
import { putSelf } from './table.ts';

/**
 * One step of the membership protocol: SWIM (Das, Gupta, Motivala 2002) with Lifeguard (Dadgar, Phillips, Currey 2018) and
 * anti-entropy over hashes. It decides; it never waits, sends or reads a clock. `state` is changed in place by its one
 * owner, the same events at the same times give the same actions.
 */
export function step(state: MembershipState, nowMs: number, event: MembershipEvent): MembershipAction[] {
  switch (event.type) {
    case 'pulse':
      return pulse(state, nowMs, event.lateMs);
    case 'heard':
      return heard(state, nowMs, event);
    case 'probed':
      return onProbed(state, nowMs, event.id, event.outcome);
    case 'helped':
      return onHelped(state, nowMs, event);
    case 'doubted':
      return startProbe(state, nowMs, event.id);
    case 'seed-answered':
      onSeedAnswer(state, nowMs, event.url, event.ownerId);
      return [];
    case 'replaced':
      return conclude(state, nowMs, event.id, 'DEAD').filter(({ type }) => type !== 'gossip');
    case 'routes-changed':
      putSelf(state, { ...state.self, routesHash: event.routesHash, incarnation: state.self.incarnation + 1 });
      return [];
    case 'left':
      return leave(state, event.isFinal);
  }
}

function pulse(state: MembershipState, nowMs: number, lateMs: number): MembershipAction[] {
  postpone(state, lateMs);
  noteLag(state, nowMs, lateMs);
  const actions = [...endRounds(state, nowMs), ...endSuspicions(state, nowMs), ...spread(state)];
  if (nowMs >= state.nextProbeAtMs) {
    state.nextProbeAtMs = nowMs + byLocalHealth(state, state.tunables.tickMs);
    const id = nextToProbe(state);
    if (id !== undefined) actions.push(...startProbe(state, nowMs, id));
    actions.push(...forgetOld(state, nowMs), ...endPreservation(state, nowMs));
  }
  actions.push(...seedsDue(state, nowMs), ...syncsDue(state, nowMs));
  return actions;
}

/**
 * We slept, the others did not: what they told us meanwhile lies unread in our sockets, because a late timer runs before
 * them. So every deadline that would end in a verdict is moved by the lag, and time counts only while we could hear.
 */
function postpone(state: MembershipState, lateMs: number): void {
  if (lateMs <= 0) return;
  for (const round of state.rounds.values()) round.endsAtMs += lateMs;
  for (const id of state.suspects) {
    const suspicion = state.entries.get(id)?.suspicion;
    if (suspicion !== undefined) suspicion.startedAtMs += lateMs;
  }
}

function endSuspicions(state: MembershipState, nowMs: number): MembershipAction[] {
  const actions: MembershipAction[] = [];
  const wanted = confirmationsWanted(state);
  for (const id of [...state.suspects]) {
    const { member, suspicion } = state.entries.get(id) ?? {};
    if (member === undefined || suspicion === undefined) continue;
    const endsAtMs = suspicion.startedAtMs + patienceMs(suspicion, confirmations(state, member.suspectedBy), wanted);
    if (nowMs < endsAtMs) continue;
    const verdict = conclude(state, nowMs, id, 'DEAD');
    // All who wait come to the same end at the same time: those who accused tell him, and not a whole fleet at once.
    const isAccuser = member.suspectedBy?.includes(state.self.id) === true;
    actions.push(...verdict.filter(({ type }) => isAccuser || type !== 'gossip'));
  }
  return actions;
}

/** Shuffled round robin: everybody is probed once a turn, so a failure is seen within two turns at the latest. */
function nextToProbe(state: MembershipState): string | undefined {
  for (let turns = 0; turns < 2; turns++) {
    for (let id = state.probeQueue.pop(); id !== undefined; id = state.probeQueue.pop()) {
      const entry = state.entries.get(id);
      if (entry !== undefined && isPresent(entry.member)) return id;
    }
    state.probeQueue = randomPeers(state, state.entries.size).map((member) => member.id);
  }
  return undefined;
}

function heard(state: MembershipState, nowMs: number, event: Heard): MembershipAction[] {
  const actions = event.from === undefined ? [] : learn(state, nowMs, event.from);
  const entry = state.entries.get(event.id);
  if (entry !== undefined) {
    entry.heardAtMs = nowMs;
    if (event.isAnswer) {
      const round = state.rounds.get(event.id);
      if (round !== undefined) succeed(state, nowMs, round);
      if (entry.isRefusing) {
        entry.isRefusing = false;
        actions.push({ type: 'changed', member: entry.member, previous: entry.member.status });
      }
    }
  }
  const learned = event.updates.flatMap((update) =>
    event.isTable === true ? learnFromTable(state, nowMs, update, event.id) : learn(state, nowMs, update),
  );
  actions.push(...learned, ...learnClaims(state, nowMs, event));
  if (event.isAnswer) actions.push(...continueSync(state, event, learned.length > 0));
  if (entry !== undefined && event.digest !== undefined) actions.push(...compareHashes(state, nowMs, entry, event.digest));
  return actions;
}

/** Tells everybody in one burst: there is no later. */
function leave(state: MembershipState, isFinal: boolean): MembershipAction[] {
  state.self = { ...state.self, status: isFinal ? 'LEFT' : 'DEAD' };
  return randomPeers(state, state.entries.size).map((to) => ({ type: 'gossip', to, updates: [state.self] }));
}
