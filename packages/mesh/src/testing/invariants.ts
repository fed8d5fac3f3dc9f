import { isPresent, type MemberStatus } from '../membership/member.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

interface LastSeen {
  incarnation: number;
  status: MemberStatus;
}

/** Questions that a process may have open, whatever happens: news to three peers on each beat for as long as an answer is awaited, and probes with their helpers. */
const MAX_OPEN_QUESTIONS = 512;

/** A promise of the protocol was broken. The seed of the run shows how. */
export class BrokenInvariant extends Error {}

/** What must be so in every process after each of its turns, whatever the network did. */
export class Invariants {
  private readonly owners: ReadonlyMap<string, SimProcess>;
  private readonly time: VirtualTime;
  private readonly seen = new Map<SimProcess, Map<string, LastSeen>>();

  constructor(owners: ReadonlyMap<string, SimProcess>, time: VirtualTime) {
    this.owners = owners;
    this.time = time;
  }

  look(process: SimProcess): void {
    const { state } = process.participant;
    const seen = this.seenBy(process);
    this.compare(process, seen, process.id, state.self);
    for (const { member } of state.entries.values()) {
      this.compare(process, seen, member.id, member);
      const owner = this.owners.get(member.id);
      if (owner !== undefined && member.incarnation > owner.participant.state.self.incarnation)
        this.broken(process, `holds incarnation ${member.incarnation} of ${owner.name}, who never raised it so far`);
    }
    const size = state.entries.size;
    if (size > state.tunables.maxMembers) this.broken(process, `remembers ${size} members`);
    if (state.rumours.size > size + 1) this.broken(process, `has ${state.rumours.size} pieces of news about ${size} members`);
    if (state.rounds.size > Math.min(size, state.tunables.maxRounds))
      this.broken(process, `has ${state.rounds.size} probes under way among ${size} members`);
    if (state.probeQueue.length > 2 * size)
      this.broken(process, `has ${state.probeQueue.length} probes ahead among ${size} members`);
    if (state.localHealth < 0 || state.localHealth > state.tunables.maxLocalHealth)
      this.broken(process, `has a local health of ${state.localHealth}`);
    if (process.openQuestions > MAX_OPEN_QUESTIONS) this.broken(process, `has ${process.openQuestions} open questions`);
  }

  /** What is forgotten may be learned anew. */
  forget(process: SimProcess, id: string): void {
    this.seenBy(process).delete(id);
  }

  private compare(process: SimProcess, seen: Map<string, LastSeen>, id: string, now: LastSeen): void {
    const before = seen.get(id);
    if (before === undefined) {
      seen.set(id, { incarnation: now.incarnation, status: now.status });
      return;
    }
    if (before.incarnation === now.incarnation && before.status === now.status) return;
    const about = this.owners.get(id)?.name ?? id;
    if (now.incarnation < before.incarnation)
      this.broken(process, `went back from incarnation ${before.incarnation} of ${about} to ${now.incarnation}`);
    if (before.status === 'LEFT') this.broken(process, `saw ${about} return from LEFT`);
    if (before.status === 'DEAD' && isPresent(now) && now.incarnation <= before.incarnation)
      this.broken(process, `saw ${about} return from DEAD in incarnation ${now.incarnation}`);
    before.incarnation = now.incarnation;
    before.status = now.status;
  }

  private seenBy(process: SimProcess): Map<string, LastSeen> {
    let seen = this.seen.get(process);
    if (seen === undefined) {
      seen = new Map();
      this.seen.set(process, seen);
    }
    return seen;
  }

  private broken(process: SimProcess, text: string): never {
    throw new BrokenInvariant(`${(this.time.nowMs / 1_000).toFixed(3)} s: ${process.name} ${text}`);
  }
}
