import type { MembershipAction } from './events.ts';
import { isPresent, type Member } from './member.ts';
import type { MembershipState } from './state.ts';

/**
 * The news that rides on the next message: least-told first, each at most 4·⌈log10(N + 1)⌉ times, after which nearly
 * everybody has it and the full-table exchange catches the rest. A suspect is always told of the suspicion.
 */
export function nextUpdates(state: MembershipState, toId: string | undefined): Member[] {
  const { rumours, tunables, entries } = state;
  const suspicion = toId === undefined ? undefined : entries.get(toId)?.member;
  const told: Member[] = suspicion !== undefined && suspicion.status !== 'ALIVE' ? [suspicion] : [];
  if (rumours.size === 0) return told;
  const limit = 4 * Math.max(1, Math.ceil(Math.log10(entries.size + 2)));
  const next = [...rumours.values()].sort((a, b) => a.sent - b.sent).slice(0, tunables.updatesPerMessage - told.length);
  for (const rumour of next) {
    if (rumour.member.id !== toId) told.push(rumour.member);
    rumour.sent += 1;
    if (rumour.sent >= limit) rumours.delete(rumour.member.id);
  }
  return told;
}

/** Pushes news to a few random peers; silent when there is none. */
export function spread(state: MembershipState): MembershipAction[] {
  if (state.rumours.size === 0) return [];
  return randomPeers(state, state.tunables.fanout).flatMap((to): MembershipAction[] => {
    const updates = nextUpdates(state, to.id);
    return updates.length === 0 ? [] : [{ type: 'gossip', to, updates }];
  });
}

/** Up to `count` present members in random order (partial Fisher–Yates), without `exceptId`. */
export function randomPeers(state: MembershipState, count: number, exceptId?: string): Member[] {
  const peers: Member[] = [];
  for (const { member } of state.entries.values()) if (isPresent(member) && member.id !== exceptId) peers.push(member);
  const wanted = Math.min(count, peers.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(state.random() * (peers.length - i));
    const chosen = peers[j] as Member;
    peers[j] = peers[i] as Member;
    peers[i] = chosen;
  }
  return peers.slice(0, wanted);
}
