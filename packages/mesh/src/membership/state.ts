import type { Member } from './member.ts';
import { Rumours } from './rumours.ts';
import type { Suspicion } from './suspicion.ts';
import { hashOf } from './table-hash.ts';
import type { MembershipTunables } from './tunables.ts';

/** A member with what this process alone knows of it. Never sent. */
export interface Entry {
  /** Changed through `put` of `table.ts` alone, which keeps the hash and the counts. */
  member: Member;
  /** When this process last had a signed answer or message of it; `undefined` while it knows it from others only. */
  heardAtMs: number | undefined;
  /** When its status last changed here. */
  sinceMs: number;
  /** A connection from here was refused and nothing was heard since: not worth a call, whatever others say. */
  isRefusing: boolean;
  /** Runs while it is SUSPECT. */
  suspicion: Suspicion | undefined;
  /** Its table had this hash when it was last heard. */
  digest: string | undefined;
  /** Died of silence, not of a refused connection: it may be our silence. */
  isLostInSilence: boolean;
  /** Until then it is callable although it is DEAD: see `preservation.ts`. */
  keptUntilMs: number | undefined;
}

/** A probe under way: direct first, then through helpers. */
export interface Round {
  readonly id: string;
  /** The incarnation that was probed: news of a later one makes this round's failure void. */
  readonly incarnation: number;
  phase: 'direct' | 'helped';
  /** When the phase has taken too long. */
  endsAtMs: number;
  /** Where it is back, another doubt asks anew: what was true a moment ago may have changed. */
  direct: 'open' | 'back';
  /** A connection from here was refused. */
  isRefused: boolean;
  /** Members that were asked to help, and how often somebody was. */
  readonly asked: Set<string>;
  asks: number;
  /** Of these, who has answered at all, who was refused as well, and who is gone himself. */
  readonly answered: Set<string>;
  readonly refusedToo: Set<string>;
  readonly gone: Set<string>;
}

export interface Seed {
  readonly url: string;
  /** Whom the last answer named; `undefined` until there was one. */
  ownerId: string | undefined;
  attempts: number;
  nextAtMs: number;
}

/** The whole protocol state. One owner steps it; nothing else writes to it. */
export interface MembershipState {
  readonly tunables: MembershipTunables;
  readonly random: () => number;
  self: Member;
  readonly entries: Map<string, Entry>;
  /** Sum of the hashes of all present members, this process included. */
  hash: bigint;
  /** How many of the entries are present, and which of them are suspects. */
  present: number;
  readonly suspects: Set<string>;
  readonly rumours: Rumours;
  readonly rounds: Map<string, Round>;
  readonly seeds: Map<string, Seed>;
  /** Ids still to be probed in this turn, the next one last. */
  probeQueue: string[];
  /** 0 is well; each more makes this process slower to accuse. */
  localHealth: number;
  /** Until then this process counts as short of CPU, and when it may next be counted against it. */
  lagsUntilMs: number;
  nextLagAtMs: number;
  nextProbeAtMs: number;
  nextSyncAtMs: number;
  nextReviveAtMs: number;
  /** Since when every table that was heard of differs from ours. */
  differsSinceMs: number | undefined;
  nextDifferSyncAtMs: number;
  isPreserving: boolean;
}

export function createEntry(member: Member, nowMs: number): Entry {
  return {
    member,
    heardAtMs: undefined,
    sinceMs: nowMs,
    isRefusing: false,
    suspicion: undefined,
    digest: undefined,
    isLostInSilence: false,
    keptUntilMs: undefined,
  };
}

export function createState(options: {
  self: Member;
  seeds: readonly string[];
  tunables: MembershipTunables;
  random: () => number;
  nowMs: number;
}): MembershipState {
  const { self, tunables, random, nowMs } = options;
  const seeds = options.seeds.map((url): [string, Seed] => [url, { url, ownerId: undefined, attempts: 0, nextAtMs: nowMs }]);
  return {
    tunables,
    random,
    self,
    entries: new Map(),
    hash: hashOf(self),
    present: 0,
    suspects: new Set(),
    rumours: new Rumours(),
    rounds: new Map(),
    seeds: new Map(seeds),
    probeQueue: [],
    localHealth: 0,
    lagsUntilMs: nowMs,
    nextLagAtMs: nowMs,
    // Spread over the first tick, so that processes started together do not beat together.
    nextProbeAtMs: nowMs + random() * tunables.tickMs,
    nextSyncAtMs: nowMs + (0.5 + random() / 2) * tunables.syncMs,
    nextReviveAtMs: nowMs + random() * tunables.reviveMs,
    differsSinceMs: undefined,
    nextDifferSyncAtMs: nowMs,
    isPreserving: false,
  };
}
