import type { MemberRecord } from './record.ts';
import type { SourceMember } from './source.ts';

/** How a member answered when it was asked itself, since there was a reason to ask. */
export type Answer = 'unasked' | 'answered' | 'refused' | 'silent';

/** What is known of one other process. */
export interface RegistryMember {
  record: MemberRecord;
  /** Its lease stood when the engine was last asked. */
  isListed: boolean;
  answer: Answer;
  /** Another process has proven to own its address. */
  isReplaced: boolean;
  /** When its lease was last seen; nothing for one that was known before this source began. */
  heardAtMs: number | undefined;
  /** When it was first told as gone. */
  goneAtMs: number | undefined;
  told: SourceMember | undefined;
}

export interface RegistryState {
  readonly selfId: string;
  readonly members: Map<string, RegistryMember>;
  /** When the engine answered after it had not. */
  returnedAtMs: number;
}

/** The dead are shown for a day, as long as there is room. */
const GONE_MEMORY_MS = 86_400_000;

/** Full jitter, one lost round and the renewal itself: by then everybody has put his record again after an outage. */
const SETTLING_LEASES = 4 / 3;

export function createRegistryState(selfId: string, known: readonly SourceMember[], leaseMs: number): RegistryState {
  const members = new Map<string, RegistryMember>();
  for (const { isDoubtful: _, ...record } of known) members.set(record.id, newMember({ ...record, leaseMs }));
  return { selfId, members, returnedAtMs: Number.NEGATIVE_INFINITY };
}

/** Takes in what the engine lists. */
export function takeList(state: RegistryState, records: readonly MemberRecord[], nowMs: number): void {
  const listed = new Map(records.map((record) => [record.id, record]));
  listed.delete(state.selfId);
  for (const [id, member] of state.members) {
    if (listed.has(id) || !member.isListed) continue;
    member.isListed = false;
    // Whatever it answered before, there is a new reason to ask.
    if (member.answer !== 'refused') member.answer = 'unasked';
  }
  for (const [id, record] of listed) {
    let member = state.members.get(id);
    if (member === undefined) {
      member = newMember(record);
      state.members.set(id, member);
    }
    const isElsewhere = member.record.url !== record.url;
    if (isElsewhere || !member.isListed) member.answer = 'unasked';
    if (isElsewhere) member.isReplaced = false;
    Object.assign(member, { record, isListed: true, heardAtMs: nowMs });
  }
}

/** A member was asked itself, because a call to it failed or its lease had ended. */
export function takeAnswer(state: RegistryState, id: string, answer: Exclude<Answer, 'unasked'>): void {
  const member = state.members.get(id);
  if (member !== undefined) member.answer = answer;
}

/**
 * A lease that ended is a question, and the member itself has the answer: the engine may have lost it, or the member the
 * engine. Only who does not answer either is gone. After an outage the silent have time to come back, the refusing have not.
 */
export function view({ record, isListed, answer, isReplaced }: RegistryMember, isSettling: boolean): SourceMember {
  const { leaseMs: _, ...claim } = record;
  if (isReplaced) return { ...claim, status: 'LEFT', isDoubtful: false };
  if (record.status !== 'UP') return { ...claim, isDoubtful: false };
  const isGone = answer === 'refused' || (answer === 'silent' && !isListed && !isSettling);
  return { ...claim, status: isGone ? 'DOWN' : 'UP', isDoubtful: !isGone && (!isListed || answer === 'silent') };
}

/** Members about whom there is a doubt that their own answer can end. */
export function toAsk(state: RegistryState, nowMs: number): RegistryMember[] {
  return [...state.members.values()].filter((member) => {
    if (member.record.status !== 'UP' || member.isReplaced) return false;
    const isDoubted = member.answer === 'silent' || member.answer === 'refused';
    return member.isListed ? isDoubted : view(member, isSettling(state, member, nowMs)).status === 'UP';
  });
}

/** What the mesh has to hear, and whom nobody needs to remember any more. */
export function takeNews(
  state: RegistryState,
  nowMs: number,
  maxMembers: number,
): { changed: SourceMember[]; forgotten: string[] } {
  const changed: SourceMember[] = [];
  const forgotten: string[] = [];
  for (const [id, member] of state.members) {
    const seen = view(member, isSettling(state, member, nowMs));
    if (!isSame(seen, member.told)) changed.push(seen);
    member.told = seen;
    if (seen.status === 'UP') member.goneAtMs = undefined;
    else member.goneAtMs ??= nowMs;
    if (seen.status === 'LEFT' && !member.isListed) state.members.delete(id);
  }
  const gone = [...state.members].filter(([, member]) => member.goneAtMs !== undefined && !member.isListed);
  gone.sort(([, a], [, b]) => (a.goneAtMs ?? 0) - (b.goneAtMs ?? 0));
  const tooMany = state.members.size - maxMembers;
  for (const [index, [id, { goneAtMs = nowMs }]] of gone.entries()) {
    if (index >= tooMany && nowMs - goneAtMs < GONE_MEMORY_MS) continue;
    state.members.delete(id);
    forgotten.push(id);
  }
  return { changed, forgotten };
}

export function isSettling(state: RegistryState, { record }: RegistryMember, nowMs: number): boolean {
  return nowMs - state.returnedAtMs < SETTLING_LEASES * record.leaseMs;
}

function newMember(record: MemberRecord): RegistryMember {
  return {
    record,
    isListed: false,
    answer: 'unasked',
    isReplaced: false,
    heardAtMs: undefined,
    goneAtMs: undefined,
    told: undefined,
  };
}

function isSame(one: SourceMember, other: SourceMember | undefined): boolean {
  return other !== undefined && (Object.keys(one) as (keyof SourceMember)[]).every((key) => one[key] === other[key]);
}
