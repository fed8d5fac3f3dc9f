import { describe, expect, it } from 'vitest';
import { entryOf, settled, statusOf } from '../testing/fleet.test-support.ts';
import type { SimProcess } from '../testing/sim-process.ts';
import { learn, learnFromTable } from './learn.ts';
import { judged, merge, supersedes } from './member.ts';

describe('two pieces of news about the same member', () => {
  const claim = (status: 'ALIVE' | 'SUSPECT' | 'DEAD' | 'LEFT', incarnation: number) => ({ status, incarnation });

  it('are decided by the incarnation, then by the graver status', () => {
    expect(supersedes(claim('ALIVE', 2), claim('DEAD', 1))).toBe(true);
    expect(supersedes(claim('ALIVE', 1), claim('DEAD', 1))).toBe(false);
    expect(supersedes(claim('DEAD', 1), claim('SUSPECT', 1))).toBe(true);
    expect(supersedes(claim('SUSPECT', 1), claim('ALIVE', 1))).toBe(true);
    expect(supersedes(claim('SUSPECT', 1), claim('ALIVE', 2))).toBe(false);
  });

  it('never bring back who left, in whatever incarnation', () => {
    expect(supersedes(claim('ALIVE', 9), claim('LEFT', 1))).toBe(false);
    expect(supersedes(claim('LEFT', 1), claim('ALIVE', 9))).toBe(true);
  });

  it('merge the accusers of one suspicion, three of them at most', () => {
    const { processes } = settled(2);
    const [one, other] = processes as [SimProcess, SimProcess];
    const { member } = entryOf(one, other);
    const by = (accuser: string) => judged(member, 'SUSPECT', accuser);
    const both = merge(by('b'), by('a'));
    expect(both?.suspectedBy).toEqual(['a', 'b']);
    expect(merge(by('b'), both as NonNullable<typeof both>)).toBeUndefined();
    const three = merge(by('c'), both as NonNullable<typeof both>);
    expect(three?.suspectedBy).toEqual(['a', 'b', 'c']);
    expect(merge(by('d'), three as NonNullable<typeof three>)).toBeUndefined();
  });
});

describe('what a table says', () => {
  it('of a death is a reason to suspect, and news of a death is a death', () => {
    const { processes, simulation } = settled(3);
    const [one, teller, victim] = processes as [SimProcess, SimProcess, SimProcess];
    const { state } = one.participant;
    const dead = { ...entryOf(one, victim).member, status: 'DEAD' } as const;
    learnFromTable(state, simulation.time.nowMs, dead, teller.id);
    expect([statusOf(one, victim), entryOf(one, victim).member.suspectedBy]).toEqual(['SUSPECT', [teller.id]]);
    learn(state, simulation.time.nowMs, dead);
    expect(statusOf(one, victim)).toBe('DEAD');
  });

  it('of a death shortens nothing for whom others suspect already', () => {
    const { processes, simulation } = settled(4);
    const [one, teller, victim] = processes as [SimProcess, SimProcess, SimProcess];
    const { state } = one.participant;
    const { member } = entryOf(one, victim);
    learn(state, simulation.time.nowMs, judged(member, 'SUSPECT', one.id));
    learnFromTable(state, simulation.time.nowMs, { ...member, status: 'DEAD' }, teller.id);
    expect(entryOf(one, victim).member).toMatchObject({ status: 'SUSPECT', suspectedBy: [one.id] });
  });

  it('of its own teller is his word', () => {
    const { processes, simulation } = settled(3);
    const [one, teller] = processes as [SimProcess, SimProcess];
    const closing = { ...entryOf(one, teller).member, status: 'DEAD' } as const;
    learnFromTable(one.participant.state, simulation.time.nowMs, closing, teller.id);
    expect(statusOf(one, teller)).toBe('DEAD');
  });
});
