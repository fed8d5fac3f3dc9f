import type { MembershipAction } from './events.ts';
import { type Member, supersedes } from './member.ts';
import { randomPeers } from './peers-at-random.ts';
import type { MembershipState } from './state.ts';
import { tableDigest } from './table.ts';

/** What rides on every message: see `PeerMessage`. */
export interface Spoken {
  /** Our own record, where the other side may not know it. */
  readonly from?: Member;
  readonly members?: readonly Member[];
  readonly digest: string;
}

/** Open suspicions that ride on a ping at most, beside the news. */
const MAX_QUESTIONS = 4;

/** What we say with a ping: news, and the suspicions that are still open, for whoever knows better answers. */
export function speak(state: MembershipState, toId: string | undefined): Spoken {
  return withNews(state, toId, openQuestions(state, toId));
}

/** What we answer. Whoever told us what is no longer true hears what is. */
export function reply(state: MembershipState, toId: string | undefined, told: readonly Member[]): Spoken {
  return withNews(state, toId, corrections(state, toId, told));
}

function withNews(state: MembershipState, toId: string | undefined, first: readonly Member[]): Spoken {
  const { updatesPerMessage } = state.tunables;
  const forced = first.slice(0, updatesPerMessage - 1);
  return address(state, toId, [...forced, ...news(state, toId, updatesPerMessage - 1 - forced.length)]);
}

/** A message with these updates. The suspect is always told, and the dead too: only they can say that it is not so. */
export function address(state: MembershipState, toId: string | undefined, updates: readonly Member[]): Spoken {
  const other = toId === undefined ? undefined : state.entries.get(toId);
  const isJudged = other !== undefined && other.member.status !== 'ALIVE';
  const members = isJudged ? [other.member, ...updates.filter(({ id }) => id !== toId)] : updates;
  const digest = tableDigest(state);
  return {
    // Equal tables hold equal records of ourselves: in quiet times a message says next to nothing.
    ...(other?.digest === digest ? {} : { from: state.self }),
    ...(members.length === 0 ? {} : { members }),
    digest,
  };
}

/**
 * News by how often it was told, each piece at most 4·⌈log10(N + 1)⌉ times: after that nearly everybody has it, and the
 * comparison of tables catches the rest. N counts the dead: the news of a death must not become rarer by the death.
 */
function news(state: MembershipState, toId: string | undefined, max: number): Member[] {
  if (state.rumours.size === 0 || max <= 0) return [];
  const limit = state.tunables.retransmitFactor * Math.ceil(Math.log10(state.entries.size + 2));
  return state.rumours.take(max, limit, toId);
}

/** A suspicion of which a refutation was lost would end in a false death. It costs a line to ask whether it still holds. */
function openQuestions({ suspects, entries }: MembershipState, toId: string | undefined): Member[] {
  const questions: Member[] = [];
  for (const id of suspects) {
    if (questions.length === MAX_QUESTIONS) break;
    const member = entries.get(id)?.member;
    if (member !== undefined && id !== toId) questions.push(member);
  }
  return questions;
}

function corrections({ entries }: MembershipState, toId: string | undefined, told: readonly Member[]): Member[] {
  return told.flatMap((claim) => {
    const known = entries.get(claim.id)?.member;
    return known !== undefined && known.id !== toId && supersedes(known, claim) ? [known] : [];
  });
}

/** Pushes news to a few random peers; silent when there is none. */
export function spread(state: MembershipState): MembershipAction[] {
  if (state.rumours.size === 0) return [];
  return randomPeers(state, state.tunables.fanout).flatMap((to): MembershipAction[] => {
    const updates = news(state, to.id, state.tunables.updatesPerMessage - 1);
    return updates.length === 0 ? [] : [{ type: 'gossip', to, updates }];
  });
}
