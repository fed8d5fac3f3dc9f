import type { MembershipAction } from './events.ts';
import { isPresent, type Member, supersedes } from './member.ts';
import type { Entry, MembershipState } from './state.ts';

/** Takes one piece of news, from whomever: keeps it when it is newer, passes it on, refutes it when it is about us. */
export function learn(state: MembershipState, nowMs: number, news: Member): MembershipAction[] {
  if (news.id === state.self.id) return refute(state, news);
  const entry = state.entries.get(news.id);
  if (entry === undefined) return welcome(state, nowMs, news);
  if (!supersedes(news, entry.member) || isLeap(news, entry.member)) return [];
  const previous = entry.member;
  entry.member = news;
  if (previous.status !== news.status) entry.sinceMs = nowMs;
  if (news.status === 'ALIVE') {
    state.rounds.delete(news.id);
    if (previous.status === 'DEAD' || previous.url !== news.url) entry.isRefusing = false;
  }
  state.rumours.set(news.id, { member: news, sent: 0 });
  return [{ type: 'changed', member: news, previous: previous.status }];
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
  const entry: Entry = { member: news, heardAtMs: undefined, sinceMs: nowMs, isRefusing: false };
  state.entries.set(news.id, entry);
  state.rumours.set(news.id, { member: news, sent: 0 });
  return [...actions, { type: 'changed', member: news, previous: undefined }];
}

/** Somebody doubts us, or remembers us from an address that we have left: only we may raise our incarnation, and doing so ends the doubt everywhere. */
function refute(state: MembershipState, news: Member): MembershipAction[] {
  const { self } = state;
  if (self.status !== 'ALIVE' || news.incarnation < self.incarnation || isLeap(news, self)) return [];
  const isRight = news.status === 'ALIVE' && news.url === self.url && news.routesHash === self.routesHash;
  if (isRight && news.incarnation === self.incarnation) return [];
  return renewSelf(state, { ...state.self, incarnation: news.incarnation + 1 });
}

export function renewSelf(state: MembershipState, self: Member): MembershipAction[] {
  state.self = self;
  state.rumours.set(self.id, { member: self, sent: 0 });
  return [];
}

/** This process's own verdict on a member, to be passed on. */
export function conclude(state: MembershipState, nowMs: number, id: string, status: 'SUSPECT' | 'DEAD'): MembershipAction[] {
  const known = state.entries.get(id)?.member;
  return known === undefined ? [] : learn(state, nowMs, { ...known, status });
}

export function forgetOld(state: MembershipState, nowMs: number): MembershipAction[] {
  const { leftMemoryMs, deadMemoryMs } = state.tunables;
  const actions: MembershipAction[] = [];
  for (const [id, { member, sinceMs }] of state.entries) {
    const age = nowMs - sinceMs;
    const isOld = (member.status === 'LEFT' && age > leftMemoryMs) || (member.status === 'DEAD' && age > deadMemoryMs);
    if (isOld) actions.push(...forget(state, id));
  }
  return actions;
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
  state.entries.delete(id);
  state.rumours.delete(id);
  state.rounds.delete(id);
  return [{ type: 'forgotten', id }];
}
