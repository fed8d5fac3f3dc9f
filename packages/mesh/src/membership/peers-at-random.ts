import { isPresent, type Member } from './member.ts';
import type { MembershipState } from './state.ts';

/** Up to `count` present members in random order (partial Fisher–Yates), without those in `except`. */
export function randomPeers(state: MembershipState, count: number, except?: ReadonlySet<string>): Member[] {
  const peers: Member[] = [];
  for (const { member } of state.entries.values()) if (isPresent(member) && !except?.has(member.id)) peers.push(member);
  const wanted = Math.min(count, peers.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(state.random() * (peers.length - i));
    const chosen = peers[j] as Member;
    peers[j] = peers[i] as Member;
    peers[i] = chosen;
  }
  return peers.slice(0, wanted);
}
