import type { Claim, Claims } from './claims.ts';
import type { Heard, MembershipAction } from './events.ts';
import { learn, learnFromTable, takenUrls } from './learn.ts';
import { isPresent, judged, type Member, supersedes } from './member.ts';
import { randomPeers } from './peers-at-random.ts';
import type { Entry, MembershipState } from './state.ts';
import { fleetSize, tableDigest } from './table.ts';

/** From here on comparisons become rarer, as they become longer. */
const SCALE_FROM = 32;

/** Compares tables with somebody now and then, and tries the dead again. */
export function syncsDue(state: MembershipState, nowMs: number): MembershipAction[] {
  const { syncMs, reviveMs } = state.tunables;
  const actions: MembershipAction[] = [];
  if (nowMs >= state.nextSyncAtMs) {
    state.nextSyncAtMs = nowMs + syncMs * (1 + Math.max(0, Math.ceil(Math.log2(fleetSize(state) / SCALE_FROM))));
    for (const { url, id } of randomPeers(state, 1)) actions.push({ type: 'sync', url, id, seed: undefined });
  }
  if (nowMs >= state.nextReviveAtMs) {
    state.nextReviveAtMs = nowMs + reviveMs;
    actions.push(...reviveOne(state));
  }
  return actions;
}

/** Two halves of a split fleet know each other as dead only: that is how they meet again. */
function reviveOne(state: MembershipState): MembershipAction[] {
  if (state.present === state.entries.size) return [];
  const taken = takenUrls(state);
  const dead = [...state.entries.values()].filter(({ member }) => member.status === 'DEAD' && !taken.has(member.url));
  const chosen = dead[Math.floor(state.random() * dead.length)];
  return chosen === undefined ? [] : [{ type: 'sync', url: chosen.member.url, id: chosen.member.id, seed: undefined }];
}

/** While news is on its way tables differ by nature; a difference that stays means that some was lost. */
export function compareHashes(state: MembershipState, nowMs: number, from: Entry, digest: string): MembershipAction[] {
  from.digest = digest;
  if (digest === tableDigest(state)) {
    state.differsSinceMs = undefined;
    return [];
  }
  const { differMs, differSoonMs } = state.tunables;
  state.differsSinceMs ??= nowMs;
  const patienceMs = isExplainedByNews(state) ? differMs : differSoonMs;
  if (nowMs - state.differsSinceMs < patienceMs || nowMs < state.nextDifferSyncAtMs) return [];
  state.nextDifferSyncAtMs = nowMs + differMs;
  return [{ type: 'sync', url: from.member.url, id: from.member.id, seed: undefined }];
}

/** News that is on its way will level the difference soon; none will not, and more than can be told in a tick not soon. */
function isExplainedByNews({ rumours, tunables }: MembershipState): boolean {
  const { updatesPerMessage, fanout, tickMs, pulseMs } = tunables;
  return rumours.size > 0 && rumours.size <= updatesPerMessage * fanout * (tickMs / pulseMs);
}

/** What we know, in one line a member; of a table too large for one message, the part from a random place on. */
export function claims(state: MembershipState, nowMs: number): Claims {
  const { digestsPerMessage } = state.tunables;
  const known = [...state.entries.values()].filter((entry) => isCompared(state, nowMs, entry)).map(({ member }) => member);
  known.push(state.self);
  if (known.length <= digestsPerMessage) return { known };
  known.sort((a, b) => (a.id < b.id ? -1 : 1));
  const start = Math.floor(state.random() * known.length);
  const part = known.slice(start, start + digestsPerMessage);
  return { known: part, range: [(part[0] as Member).id, (part.at(-1) as Member).id] };
}

function isCompared({ tunables }: MembershipState, nowMs: number, { member, sinceMs }: Entry): boolean {
  return isPresent(member) || member.status === 'LEFT' || nowMs - sinceMs < tunables.deadComparedMs;
}

/**
 * Takes in what the other side claims of members that we know as well: who left, and whose death is news here. Records that
 * are newer there, and members that we do not know, we ask for (`answerClaims`): a line does not say who accuses a suspect.
 */
export function learnClaims(state: MembershipState, nowMs: number, { id: teller, claims: theirs }: Heard): MembershipAction[] {
  return (theirs?.known ?? []).flatMap((claim) => {
    const known = recordOf(state, claim.id);
    if (known === undefined || claim.incarnation !== known.incarnation) return [];
    if (claim.status === 'LEFT') return learn(state, nowMs, { ...known, status: 'LEFT' });
    return claim.status === 'DEAD' ? learnFromTable(state, nowMs, judged(known, 'DEAD', teller), teller) : [];
  });
}

function recordOf({ self, entries }: MembershipState, id: string): Member | undefined {
  return id === self.id ? self : entries.get(id)?.member;
}

/** Our side of a comparison: the records that are newer here, and the ids of those that are newer there. */
export function answerClaims(
  state: MembershipState,
  theirs: Claims,
): { readonly records: Member[]; readonly wants: string[]; readonly hasMore: boolean } {
  const { recordsPerMessage } = state.tunables;
  const claimed = new Map<string, Claim>(theirs.known.map((claim) => [claim.id, claim]));
  const [first, last] = theirs.range ?? ['', 'g'];
  const newer = [...state.entries.values()].filter(({ member }) => {
    const claim = claimed.get(member.id);
    if (claim !== undefined) return supersedes(member, claim);
    return isPresent(member) && member.id >= first && member.id <= last;
  });
  const wants = theirs.known.filter((claim) => {
    const known = recordOf(state, claim.id);
    return isPresent(claim) && (known === undefined || supersedes(claim, known));
  });
  // In random order, so that many newcomers are told different parts and can complete each other.
  const start = Math.floor(state.random() * newer.length);
  const records = [...newer.slice(start), ...newer.slice(0, start)].slice(0, recordsPerMessage).map(({ member }) => member);
  return { records, wants: wants.slice(0, recordsPerMessage).map(({ id }) => id), hasMore: newer.length > recordsPerMessage };
}

/** Their side of ours: hands over what was asked for, and goes on where one message did not hold all. */
export function continueSync(state: MembershipState, event: Heard, hasLearned: boolean): MembershipAction[] {
  const to = state.entries.get(event.id)?.member;
  if (to === undefined) return [];
  const { recordsPerMessage, recordsPerQuestion } = state.tunables;
  const records = (event.wants ?? []).slice(0, recordsPerMessage).flatMap((id) => recordOf(state, id) ?? []);
  const actions: MembershipAction[] = [];
  for (let at = 0; at < records.length; at += recordsPerQuestion)
    actions.push({ type: 'deliver', to, records: records.slice(at, at + recordsPerQuestion) });
  if (event.hasMore && hasLearned) actions.push({ type: 'sync', url: to.url, id: to.id, seed: undefined });
  return actions;
}
