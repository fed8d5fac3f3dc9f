import type { Member } from './member.ts';
import type { MembershipTunables } from './tunables.ts';

/** A member with what this process alone knows of it. Never sent. */
export interface Entry {
  member: Member;
  /** When this process last had a signed answer or message of it; `undefined` while it knows it from others only. */
  heardAtMs: number | undefined;
  /** When its status last changed here. */
  sinceMs: number;
  /** A connection from here was refused and nothing was heard since: not worth a call, whatever others say. */
  isRefusing: boolean;
}

/** A probe under way: direct first, then through helpers. */
export interface Round {
  readonly id: string;
  /** The incarnation that was probed: news of a later one makes this round's failure void. */
  readonly incarnation: number;
  endsAtMs: number;
  /** Our own question is back; another doubt asks again, because what was true a moment ago may have changed. */
  isDirectOver: boolean;
  refusals: number;
  refusalsNeeded: number;
}

export interface Seed {
  readonly url: string;
  /** Whom the last answer named; `undefined` until there was one. */
  ownerId: string | undefined;
  attempts: number;
  nextAtMs: number;
}

/** A piece of news on its way: how often it was passed on. */
interface Rumour {
  readonly member: Member;
  sent: number;
}

/** The whole protocol state. One owner steps it; nothing else writes to it. */
export interface MembershipState {
  readonly tunables: MembershipTunables;
  readonly random: () => number;
  self: Member;
  readonly entries: Map<string, Entry>;
  readonly rumours: Map<string, Rumour>;
  readonly rounds: Map<string, Round>;
  readonly seeds: Map<string, Seed>;
  /** Shuffled ids still to be probed in this turn. */
  probeQueue: string[];
  nextProbeAtMs: number;
  nextSyncAtMs: number;
  nextReviveAtMs: number;
  /** Since when others know of other members than we do, with no news on the way that would explain it. */
  differsSinceMs: number | undefined;
  nextDigestSyncAtMs: number;
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
    rumours: new Map(),
    rounds: new Map(),
    seeds: new Map(seeds),
    probeQueue: [],
    // Spread over the first tick, so that processes started together do not beat together.
    nextProbeAtMs: nowMs + random() * tunables.tickMs,
    nextSyncAtMs: nowMs + (0.5 + random() / 2) * tunables.syncMs,
    nextReviveAtMs: nowMs + random() * tunables.reviveMs,
    differsSinceMs: undefined,
    nextDigestSyncAtMs: nowMs,
  };
}
