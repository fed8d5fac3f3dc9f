import type { MembershipAction } from './events.ts';
import { raiseLocalHealth } from './local-health.ts';
import { isPresent, judged, type Member, merge } from './member.ts';
import { isMassLoss, keep } from './preservation.ts';
import type { Entry, MembershipState } from './state.ts';
import { insert, put, putSelf, remove } from './table.ts';

/** Takes one piece of news, from whomever: keeps it when it is newer, passes it on, refutes it when it is about us. */
export function learn(state: MembershipState, nowMs: number, news: Member): MembershipAction[] {
  if (news.id === state.self.id) return refute(state, news);
  const entry = state.entries.get(news.id);
  if (entry === undefined) return welcome(state, nowMs, news);
  const { member: previous } = entry;
  const merged = isLeap(news, previous) ? undefined : merge(news, previous);
  if (merged === undefined) return [];
  put(state, nowMs, entry, merged);
  state.rumours.put(merged);
  if (merged.status !== 'DEAD') {
    entry.isLostInSilence = false;
    entry.keptUntilMs = undefined;
  }
  if (merged.status === 'ALIVE') {
    state.rounds.delete(news.id);
    if (previous.status === 'DEAD' || previous.url !== merged.url) entry.isRefusing = false;
  }
  if (merged.status === 'DEAD' && previous.status === 'SUSPECT') entry.isLostInSilence = !entry.isRefusing;
  const kept = entry.isLostInSilence && merged.status === 'DEAD' ? keepIfMany(state, nowMs, entry) : [];
  return [...kept, { type: 'changed', member: merged, previous: previous.status }];
}

/**
 * Incarnations grow by one at a time. A record that is far ahead of what is known was made up: believed, it would push its
 * owner towards a number that nobody takes any more.
 */
const MAX_LEAP = 2 ** 20;

function isLeap(news: Member, known: Member): boolean {
  return news.incarnation - known.incarnation > MAX_LEAP;
}

/** Who is gone already is nobody to get to know: told on, the dead would never be forgotten. */
function welcome(state: MembershipState, nowMs: number, news: Member): MembershipAction[] {
  if (!isPresent(news)) return [];
  const actions: MembershipAction[] = [];
  if (state.entries.size >= state.tunables.maxMembers) {
    const oldest = longestGone(state);
    if (oldest === undefined) return [];
    actions.push(...forget(state, oldest));
  }
  const { member } = insert(state, nowMs, news);
  // Within this turn, at a place of its own: it waits for no reshuffle, and newcomers are not all probed together.
  state.probeQueue.splice(Math.floor(state.random() * (state.probeQueue.length + 1)), 0, member.id);
  state.rumours.put(member);
  return [...actions, { type: 'changed', member, previous: undefined }];
}

/** Somebody doubts us, or remembers us from an address that we have left: only we may raise our incarnation, and doing so ends the doubt everywhere. */
function refute(state: MembershipState, news: Member): MembershipAction[] {
  const { self } = state;
  if (self.status !== 'ALIVE' || news.incarnation < self.incarnation || isLeap(news, self)) return [];
  const isRight = news.status === 'ALIVE' && news.url === self.url && news.routesHash === self.routesHash;
  if (isRight && news.incarnation === self.incarnation) return [];
  // Whoever is suspected did not answer in time, whatever the reason: he should not judge others in haste.
  if (news.status !== 'ALIVE') raiseLocalHealth(state, 1);
  putSelf(state, { ...self, incarnation: news.incarnation + 1 });
  return [];
}

/**
 * This process's own verdict on a member, to be passed on. The judged one is told, at once and whatever else is on its way:
 * he alone can refute.
 */
export function conclude(state: MembershipState, nowMs: number, id: string, status: 'SUSPECT' | 'DEAD'): MembershipAction[] {
  const entry = state.entries.get(id);
  if (entry === undefined) return [];
  const actions = learn(state, nowMs, judged(entry.member, status, state.self.id));
  if (actions.length === 0 || entry.isRefusing) return actions;
  return [...actions, { type: 'gossip', to: entry.member, updates: [entry.member] }];
}

/**
 * What a table says of somebody may be old, or the view of one side of a split: a death there is a reason to suspect, which
 * the member can refute, and never a verdict.
 */
export function learnFromTable(state: MembershipState, nowMs: number, news: Member, teller: string): MembershipAction[] {
  const known = state.entries.get(news.id)?.member;
  const isDoubtful = news.status === 'DEAD' && news.id !== teller && known !== undefined && isPresent(known);
  if (!isDoubtful) return learn(state, nowMs, news);
  // Whoever is suspected already has his time running; that somebody else's has run out makes it no shorter.
  return known.status === 'SUSPECT' ? [] : learn(state, nowMs, judged(news, 'SUSPECT', teller));
}

function keepIfMany(state: MembershipState, nowMs: number, entry: Entry): MembershipAction[] {
  return isMassLoss(state, nowMs) ? keep(state, nowMs, entry) : [];
}

export function forgetOld(state: MembershipState, nowMs: number): MembershipAction[] {
  const { leftMemoryMs, deadMemoryMs } = state.tunables;
  if (state.present === state.entries.size) return [];
  const actions: MembershipAction[] = [];
  const taken = takenUrls(state);
  for (const [id, { member, sinceMs }] of state.entries) {
    if (isPresent(member)) continue;
    // Whoever was replaced at his address will not be there again; only old news of him has to die out.
    const isReplaced = taken.has(member.url);
    const memoryMs = member.status === 'LEFT' || isReplaced ? leftMemoryMs : deadMemoryMs;
    if (nowMs - sinceMs > memoryMs) actions.push(...forget(state, id));
  }
  return actions;
}

/** Addresses at which somebody present is. */
export function takenUrls({ entries, self }: MembershipState): Set<string> {
  const urls = new Set([self.url]);
  for (const { member } of entries.values()) if (isPresent(member)) urls.add(member.url);
  return urls;
}

/** Room is made by the member that has been gone longest, never by one that is present. */
function longestGone(state: MembershipState): string | undefined {
  let oldest: Entry | undefined;
  for (const entry of state.entries.values()) {
    if (!isPresent(entry.member) && (oldest === undefined || entry.sinceMs < oldest.sinceMs)) oldest = entry;
  }
  return oldest?.member.id;
}

function forget(state: MembershipState, id: string): MembershipAction[] {
  const entry = state.entries.get(id);
  if (entry !== undefined) remove(state, entry);
  return [{ type: 'forgotten', id }];
}
