import { isPresent, type Member } from './member.ts';
import { createEntry, type Entry, type MembershipState } from './state.ts';
import { startSuspicion } from './suspicion.ts';
import { add, digestOf, hashOf, subtract } from './table-hash.ts';

/** The one place where a record changes: hash, counts and suspicion change with it. */
export function put(state: MembershipState, nowMs: number, entry: Entry, member: Member): void {
  const { member: before } = entry;
  entry.member = member;
  if (before.status !== member.status) entry.sinceMs = nowMs;
  count(state, before, -1);
  count(state, member, 1);
  if (member.status !== 'SUSPECT') entry.suspicion = undefined;
  else if (before.status !== 'SUSPECT' || before.incarnation !== member.incarnation)
    entry.suspicion = startSuspicion(state, nowMs);
}

export function insert(state: MembershipState, nowMs: number, member: Member): Entry {
  const entry = createEntry(member, nowMs);
  state.entries.set(member.id, entry);
  count(state, member, 1);
  if (member.status === 'SUSPECT') entry.suspicion = startSuspicion(state, nowMs);
  return entry;
}

export function remove(state: MembershipState, { member }: Entry): void {
  count(state, member, -1);
  state.entries.delete(member.id);
  state.rumours.delete(member.id);
  state.rounds.delete(member.id);
}

export function putSelf(state: MembershipState, self: Member): void {
  state.hash = add(subtract(state.hash, hashOf(state.self)), hashOf(self));
  state.self = self;
  state.rumours.put(self);
}

export function tableDigest(state: MembershipState): string {
  return digestOf(state.hash);
}

/** How many there are, this process included. */
export function fleetSize(state: MembershipState): number {
  return state.present + 1;
}

function count(state: MembershipState, member: Member, sign: 1 | -1): void {
  if (isPresent(member)) {
    state.present += sign;
    state.hash = (sign === 1 ? add : subtract)(state.hash, hashOf(member));
  }
  if (member.status !== 'SUSPECT') return;
  if (sign === 1) state.suspects.add(member.id);
  else state.suspects.delete(member.id);
}
