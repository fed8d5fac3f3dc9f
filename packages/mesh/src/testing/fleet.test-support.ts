import type { MembershipEvent } from '../membership/events.ts';
import type { Member } from '../membership/member.ts';
import type { Entry } from '../membership/state.ts';
import type { SimProcess } from './sim-process.ts';
import { type SeenChange, Simulation } from './simulation.ts';
import { seesExactly } from './views.ts';

export interface Fleet {
  readonly simulation: Simulation;
  readonly changes: SeenChange[];
  readonly processes: SimProcess[];
}

export function fleet(size: number, seed = 1): Fleet {
  const simulation = new Simulation({ seed });
  const changes: SeenChange[] = [];
  simulation.onChange = (change) => changes.push(change);
  const first = simulation.start([]);
  const others = Array.from({ length: size - 1 }, () => simulation.start([first.url]));
  return { simulation, changes, processes: [first, ...others] };
}

/** A fleet in which everybody knows everybody. */
export function settled(size: number, seed = 1): Fleet {
  const made = fleet(size, seed);
  made.simulation.run(10_000);
  made.changes.length = 0;
  return made;
}

export const statusOf = (by: SimProcess, { id }: SimProcess): string | undefined =>
  by.participant.state.entries.get(id)?.member.status;

export const unaware = (processes: readonly SimProcess[], victim: SimProcess): SimProcess[] =>
  processes.filter((one) => one !== victim && statusOf(one, victim) !== 'DEAD');

export const allSeeAll = (processes: readonly SimProcess[]): boolean => processes.every((one) => seesExactly(one, processes));

export const deaths = (changes: readonly SeenChange[]): SeenChange[] => changes.filter(({ status }) => status === 'DEAD');

export function entryOf(by: SimProcess, { id }: SimProcess): Entry {
  const entry = by.participant.state.entries.get(id);
  if (entry === undefined) throw new Error(`${by.name} does not know ${id}`);
  return entry;
}

/** Somebody at an address at which nobody is. */
export function stranger(i: number, status: 'ALIVE' | 'DEAD'): Member {
  const id = i.toString(16).padStart(32, 'f');
  return { id, service: 's', url: `http://10.1.0.1:${i + 1}`, incarnation: 1, status, routesHash: 'h', isSigning: false };
}

export function heardOf(from: Member): MembershipEvent & { type: 'heard' } {
  return { type: 'heard', id: from.id, from, updates: [], isAnswer: false };
}
