import { isPresent } from '../membership/member.ts';
import { isRoutable } from '../membership/preservation.ts';
import { tableDigest } from '../membership/table.ts';
import type { SimProcess } from './sim-process.ts';
import type { Simulation } from './simulation.ts';

/** Whether this process sees all of these, and nobody else, alive and in their present incarnations. */
export function seesExactly(process: SimProcess, others: readonly SimProcess[]): boolean {
  const { state } = process.participant;
  let alive = 0;
  for (const other of others) {
    if (other === process) continue;
    const member = state.entries.get(other.id)?.member;
    if (member?.status !== 'ALIVE' || member.incarnation !== other.participant.state.self.incarnation) return false;
    alive += 1;
  }
  return state.present === alive;
}

/** Whether all that run have the same table, and it is the truth. */
export function isWhole(simulation: Simulation): boolean {
  const { running } = simulation;
  return running.every((process) => seesExactly(process, running));
}

/** What is wrong with the tables, for people; nothing where they are equal and true. */
export function differences(simulation: Simulation): string[] {
  const { running } = simulation;
  const wrong = running.flatMap((process) => {
    const { entries, self } = process.participant.state;
    const absent = running.filter((one) => one !== process && entries.get(one.id)?.member.status !== 'ALIVE');
    const ghosts = [...entries.values()].filter(
      ({ member }) => isPresent(member) && simulation.byId.get(member.id)?.condition !== 'running',
    );
    return [
      ...absent.map((one) => `${process.name} sees ${one.name} ${entries.get(one.id)?.member.status ?? 'not at all'}`),
      ...ghosts.map(({ member }) => `${process.name} sees ${simulation.byId.get(member.id)?.name} ${member.status}, who is gone`),
      ...(self.status === 'ALIVE' ? [] : [`${process.name} takes itself for ${self.status}`]),
    ];
  });
  const digests = new Set(running.map((process) => tableDigest(process.participant.state)));
  return wrong.length === 0 && digests.size > 1 ? ['the hashes of equal tables differ'] : wrong;
}

/** Whom a caller in this process would choose among: those without a doubt, if there are any. */
export function callable(process: SimProcess): string[] {
  const entries = [...process.participant.state.entries.values()].filter(isRoutable);
  const sure = entries.filter(({ member, isRefusing }) => member.status === 'ALIVE' && !isRefusing);
  return (sure.length > 0 ? sure : entries).map(({ member }) => member.id);
}
