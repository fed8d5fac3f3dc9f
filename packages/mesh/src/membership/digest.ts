import { isPresent, type Member } from './member.ts';
import type { MembershipState } from './state.ts';

/**
 * 64 bits that are the same for two processes exactly when they know of the same present members, in the same
 * incarnations. It rides on every ping, so that news which was lost on its way is noticed by the difference.
 *
 * The sum of one hash a member: order does not matter, and a forger gains nothing but an exchange of tables.
 */
export function tableDigest(state: MembershipState): string {
  let high = 0;
  let low = 0;
  const add = ({ id, incarnation }: Member): void => {
    const text = `${id}:${incarnation}`;
    high = (high + fnv1a(text, 0x811c9dc5)) >>> 0;
    low = (low + fnv1a(text, 0x01000193)) >>> 0;
  };
  add(state.self);
  for (const { member } of state.entries.values()) if (isPresent(member)) add(member);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** Fowler–Noll–Vo 1a, 32 bits. */
function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
