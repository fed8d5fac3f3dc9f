import type { MembershipEvent } from '../membership/events.ts';
import type { Member, MemberStatus } from '../membership/member.ts';
import { createParticipant } from '../membership/participant.ts';
import { isRoutable } from '../membership/preservation.ts';
import type { Entry } from '../membership/state.ts';
import { type MembershipTunables, membershipTunables } from '../membership/tunables.ts';
import { Invariants } from './invariants.ts';
import { seededRandom } from './seeded-random.ts';
import { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { VirtualTime } from './virtual-time.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** @default 5000 */
  readonly pingIntervalMs?: number;
  /** Told of everything that a person wants to read of a run. */
  readonly onLine?: (atMs: number, line: string) => void;
  /** Looks at all invariants after each turn of a process. Off for fleets of hundreds. @default true */
  readonly isChecking?: boolean;
}

/** One process saw another in a new status. */
export interface SeenChange {
  readonly atMs: number;
  readonly by: SimProcess;
  readonly id: string;
  readonly status: MemberStatus;
  readonly previous: MemberStatus | undefined;
  readonly incarnation: number;
}

/**
 * A fleet in virtual time, on a network that does as it is told. The same seed gives the same run, event for event.
 * Everything below the sockets is the code that runs in production: codec, participant, step.
 */
export class Simulation {
  readonly time: VirtualTime = new VirtualTime();
  readonly network: SimNetwork;
  readonly tunables: MembershipTunables;
  readonly random: () => number;
  readonly invariants: Invariants;
  /** All that were ever started, in that order. */
  readonly processes: SimProcess[] = [];
  readonly byId: Map<string, SimProcess> = new Map();
  onChange: (change: SeenChange) => void = () => {};
  private readonly options: SimulationOptions;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    this.network = new SimNetwork(this.time, seededRandom(options.seed ^ 0x5f356495));
    this.tunables = membershipTunables(options.pingIntervalMs ?? 5_000);
    this.invariants = new Invariants(this.byId, this.time);
  }

  get running(): SimProcess[] {
    return this.processes.filter((process) => process.condition === 'running');
  }

  start(
    seeds: readonly string[],
    url = `http://10.${this.processes.length >> 8}.${this.processes.length & 255}.1:3000`,
  ): SimProcess {
    const id = [0, 0, 0, 0].map(() => this.word()).join('');
    const name = `p${this.processes.length + 1}`;
    const isChecking = this.options.isChecking !== false;
    const process = new SimProcess(name, id, url, this.time, (one) => isChecking && this.invariants.look(one));
    const self: Member = { id, service: 'orders', url, incarnation: 1, status: 'ALIVE', routesHash: 'r1', isSigning: false };
    process.participant = createParticipant({
      self,
      seeds: seeds.filter((seed) => seed !== url),
      tunables: this.tunables,
      clock: process.clock,
      random: seededRandom(Math.floor(this.random() * 2 ** 32)),
      send: (question, done) => this.network.send(process, question, done),
      onChange: (entry, previous) => this.seen(process, entry, previous),
      onForgotten: (forgotten) => this.invariants.forget(process, forgotten),
      onPreserving: ({ isSo, silent, of }) =>
        this.say(
          process,
          isSo ? `keeps the last-known members callable: ${silent} of ${of} are silent` : 'keeps nobody any more',
        ),
    });
    this.processes.push(process);
    this.byId.set(id, process);
    this.network.bind(process);
    this.say(process, `starts at ${url}`);
    process.turn(() => process.participant.start());
    return process;
  }

  /** Ends without a word. Where its host stays, the host refuses and closes connections. */
  crash(process: SimProcess, host: 'stays' | 'vanishes' = 'stays'): void {
    process.condition = host === 'stays' ? 'crashed' : 'vanished';
    this.say(process, host === 'stays' ? 'crashes' : 'vanishes with its host');
    if (host === 'stays') this.network.hangUp(process, this.processes);
  }

  /** A new process at the address of a former one. */
  restart(process: SimProcess, seeds: readonly string[]): SimProcess {
    if (process.isUp) this.crash(process);
    return this.start(seeds, process.url);
  }

  /** Nothing more is asked of a process that is gone: a run with thousands of them keeps none. */
  forgetProcess(process: SimProcess): void {
    this.processes.splice(this.processes.indexOf(process), 1);
    this.byId.delete(process.id);
    for (const other of this.processes) other.spokenAtMs.delete(process);
  }

  stop(process: SimProcess): void {
    if (process.condition !== 'running') return;
    process.condition = 'stopped';
    this.say(process, 'is stopped');
  }

  resume(process: SimProcess): void {
    if (process.condition !== 'stopped') return;
    this.say(process, 'goes on');
    process.resume();
  }

  /** Says good-bye, and ends when that is sent. */
  leave(process: SimProcess): void {
    process.turn(() => {
      this.say(process, 'leaves');
      for (const farewell of process.participant.leave(true)) this.network.send(process, farewell, () => {});
    });
    if (process.condition === 'running') process.condition = 'ended';
  }

  apply(process: SimProcess, event: MembershipEvent): void {
    process.turn(() => process.participant.apply(event));
  }

  run(durationMs: number, isSo?: () => boolean): boolean {
    return this.time.run(durationMs, isSo);
  }

  say(process: SimProcess | undefined, text: string): void {
    this.options.onLine?.(this.time.nowMs, process === undefined ? text : `${process.name} ${text}`);
  }

  private seen(by: SimProcess, { member }: Entry, previous: MemberStatus | undefined): void {
    const { id, status, incarnation } = member;
    this.onChange({ atMs: this.time.nowMs, by, id, status, previous, incarnation });
    if (previous === status) return;
    const about = this.byId.get(id)?.name ?? id;
    const accusers = member.suspectedBy?.map((one) => this.byId.get(one)?.name ?? one).join(', ');
    this.say(
      by,
      `sees ${about} ${status} in incarnation ${incarnation}${accusers === undefined ? '' : ` (suspected by ${accusers})`}`,
    );
    if (status === 'ALIVE') this.introduce(by, member);
  }

  /** As the directory does over HTTP: a newcomer who proves his address retires whoever was known there. */
  private introduce(by: SimProcess, member: Member): void {
    const others = [...by.participant.state.entries.values()].filter((entry) => entry.member.url === member.url);
    if (others.length < 2) return;
    this.time.after(10, () => {
      const isThere = this.byId.get(member.id)?.condition === 'running' && this.ownerOf(member.url) === member.id;
      if (!isThere) return;
      for (const other of others) {
        const isFormer = other.member.id !== member.id && isRoutable(other);
        if (isFormer) by.turn(() => by.participant.apply({ type: 'replaced', id: other.member.id }));
      }
    });
  }

  private ownerOf(url: string): string | undefined {
    return this.processes.findLast((process) => process.url === url)?.id;
  }

  private word(): string {
    return Math.floor(this.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }
}
