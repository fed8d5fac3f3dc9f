import { tableDigest } from './digest.ts';
import type { MembershipAction, MembershipEvent } from './events.ts';
import { conclude, forgetOld, learn, renewSelf } from './learn.ts';
import { isPresent, type Member } from './member.ts';
import { endRounds, onHelped, onProbed, startProbe } from './probe.ts';
import { nextUpdates, randomPeers, spread } from './rumours.ts';
import { onSeedAnswer, seedsDue } from './seeds.ts';
import type { MembershipState } from './state.ts';

/**
 * One step of the membership protocol: SWIM (Das, Gupta, Motivala 2002) with refutation, indirect probes and full-table
 * anti-entropy. It decides; it never waits, sends or reads a clock. `state` is changed in place by its one owner, the
 * same events at the same times give the same actions.
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
      return onHelped(state, nowMs, event.id, event.outcome);
    case 'doubted':
      return startProbe(state, nowMs, event.id);
    case 'seed-answered':
      onSeedAnswer(state, nowMs, event.url, event.ownerId);
      return [];
    case 'replaced':
      return conclude(state, nowMs, event.id, 'DEAD');
    case 'routes-changed':
      return renewSelf(state, { ...state.self, routesHash: event.routesHash, incarnation: state.self.incarnation + 1 });
    case 'left':
      return leave(state, event.isFinal);
  }
}

function pulse(state: MembershipState, nowMs: number, lateMs: number): MembershipAction[] {
  if (lateMs > state.tunables.pulseMs) postpone(state, lateMs);
  const actions = [...endRounds(state, nowMs), ...endSuspicions(state, nowMs), ...spread(state)];
  if (nowMs >= state.nextProbeAtMs) {
    state.nextProbeAtMs = nowMs + state.tunables.tickMs;
    const id = nextToProbe(state);
    if (id !== undefined) actions.push(...startProbe(state, nowMs, id));
    actions.push(...forgetOld(state, nowMs));
  }
  actions.push(...seedsDue(state, nowMs), ...syncsDue(state, nowMs));
  return actions;
}

/** We slept, the others did not: what they would have told us meanwhile deserves the time to arrive. */
function postpone(state: MembershipState, lateMs: number): void {
  for (const round of state.rounds.values()) round.endsAtMs += lateMs;
  for (const entry of state.entries.values()) if (entry.member.status === 'SUSPECT') entry.sinceMs += lateMs;
}

function endSuspicions(state: MembershipState, nowMs: number): MembershipAction[] {
  const present = [...state.entries.values()].filter((entry) => isPresent(entry.member));
  const patienceMs = state.tunables.suspicionMs * Math.max(1, Math.log10(present.length + 1));
  return present
    .filter(({ member, sinceMs }) => member.status === 'SUSPECT' && nowMs - sinceMs >= patienceMs)
    .flatMap(({ member }) => conclude(state, nowMs, member.id, 'DEAD'));
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

function syncsDue(state: MembershipState, nowMs: number): MembershipAction[] {
  const actions: MembershipAction[] = [];
  if (nowMs >= state.nextSyncAtMs) {
    state.nextSyncAtMs = nowMs + state.tunables.syncMs;
    for (const { url, id } of randomPeers(state, 1)) actions.push({ type: 'sync', url, id, seed: undefined });
  }
  if (nowMs >= state.nextReviveAtMs) {
    state.nextReviveAtMs = nowMs + state.tunables.reviveMs;
    const taken = new Set(randomPeers(state, state.entries.size).map((member) => member.url));
    const dead = [...state.entries.values()].filter(({ member }) => member.status === 'DEAD' && !taken.has(member.url));
    const chosen = dead[Math.floor(state.random() * dead.length)];
    if (chosen !== undefined) actions.push({ type: 'sync', url: chosen.member.url, id: chosen.member.id, seed: undefined });
  }
  return actions;
}

function heard(state: MembershipState, nowMs: number, event: MembershipEvent & { type: 'heard' }): MembershipAction[] {
  const actions = learn(state, nowMs, event.from);
  const entry = state.entries.get(event.from.id);
  if (entry !== undefined) {
    entry.heardAtMs = nowMs;
    if (event.isAnswer) {
      state.rounds.delete(event.from.id);
      if (entry.isRefusing) {
        entry.isRefusing = false;
        actions.push({ type: 'changed', member: entry.member, previous: entry.member.status });
      }
    }
  }
  for (const update of event.updates) actions.push(...learn(state, nowMs, update));
  if (event.isAnswer && event.digest !== undefined) actions.push(...compareTables(state, nowMs, event.from, event.digest));
  return actions;
}

/** While news is on its way tables differ by nature; a difference that stays means that some was lost. */
function compareTables(state: MembershipState, nowMs: number, from: Member, digest: string): MembershipAction[] {
  if (digest === tableDigest(state)) {
    state.differsSinceMs = undefined;
    return [];
  }
  if (state.rumours.size > 0) return [];
  state.differsSinceMs ??= nowMs;
  if (nowMs - state.differsSinceMs < state.tunables.differMs || nowMs < state.nextDigestSyncAtMs) return [];
  state.nextDigestSyncAtMs = nowMs + state.tunables.digestSyncMs;
  return [{ type: 'sync', url: from.url, id: from.id, seed: undefined }];
}

/** Tells everybody in one burst: there is no later. */
function leave(state: MembershipState, isFinal: boolean): MembershipAction[] {
  state.self = { ...state.self, status: isFinal ? 'LEFT' : 'DEAD' };
  return randomPeers(state, state.entries.size).map((to) => ({ type: 'gossip', to, updates: [state.self] }));
}

/** What we say of ourselves and pass on with every message and answer. */
export function speak(state: MembershipState, toId: string | undefined): { from: Member; updates: Member[]; digest: string } {
  return { from: state.self, updates: nextUpdates(state, toId), digest: tableDigest(state) };
}
