import { describe, expect, it } from 'vitest';
import { deaths, entryOf, fleet, heardOf, settled, statusOf, stranger } from '../testing/fleet.test-support.ts';
import type { SimProcess } from '../testing/sim-process.ts';
import { Simulation } from '../testing/simulation.ts';
import { seesExactly } from '../testing/views.ts';
import { isPresent, type Member } from './member.ts';
import { step } from './step.ts';

describe('finding each other', () => {
  it('everybody knows everybody within five seconds from one seed', () => {
    const { simulation, processes } = fleet(20);
    simulation.run(5_000);
    expect(processes.filter((one) => seesExactly(one, processes))).toHaveLength(20);
  });

  it('works in a chain: a knows b, b knows c, a finds c', () => {
    const simulation = new Simulation({ seed: 2 });
    const c = simulation.start([]);
    const b = simulation.start([c.url]);
    const a = simulation.start([b.url]);
    simulation.run(5_000);
    expect([statusOf(a, c), statusOf(c, a)]).toEqual(['ALIVE', 'ALIVE']);
  });

  it('a seed that starts late is found, within two ping intervals, and the one direction is enough for both', () => {
    const simulation = new Simulation({ seed: 3 });
    const a = simulation.start(['http://10.0.1.1:3000']);
    simulation.run(60_000);
    const b = simulation.start([]);
    simulation.run(10_500);
    expect([statusOf(a, b), statusOf(b, a)]).toEqual(['ALIVE', 'ALIVE']);
  });

  it('a table that no message holds is learned in pieces, from one seed', () => {
    const { simulation, processes } = settled(3);
    const [first] = processes as [SimProcess];
    for (let i = 0; i < 450; i++) first.participant.apply(heardOf(stranger(i, 'ALIVE')));
    const late = simulation.start([first.url]);
    simulation.run(100);
    expect(late.participant.state.entries.size).toBeGreaterThan(400);
  });
});

describe('leaving and coming back', () => {
  it('who leaves is known to all at once, and does not return', () => {
    const { simulation, processes, changes } = settled(5, 11);
    const leaver = processes[3] as SimProcess;
    simulation.leave(leaver);
    simulation.run(1_000);
    const others = processes.filter((one) => one !== leaver);
    expect(others.map((one) => statusOf(one, leaver))).toEqual(['LEFT', 'LEFT', 'LEFT', 'LEFT']);
    simulation.run(120_000);
    expect(changes.filter(({ id, status }) => id === leaver.id && status !== 'LEFT')).toEqual([]);
  });

  it('a restart at the same address is somebody new, and the old one is gone', () => {
    const { simulation, processes } = settled(4, 13);
    const old = processes[1] as SimProcess;
    const fresh = simulation.restart(old, [(processes[0] as SimProcess).url]);
    simulation.run(3_000);
    for (const one of [processes[0], processes[2], processes[3]] as SimProcess[])
      expect([statusOf(one, fresh), statusOf(one, old)]).toEqual(['ALIVE', 'DEAD']);
  });

  it('who goes for now is gone at once, and back with the same id', () => {
    const { simulation, processes } = settled(4, 18);
    const away = processes[1] as SimProcess;
    away.turn(() => {
      for (const farewell of away.participant.leave(false)) simulation.network.send(away, farewell, () => {});
    });
    simulation.run(1_000);
    const others = processes.filter((one) => one !== away);
    expect(others.map((one) => statusOf(one, away))).toEqual(['DEAD', 'DEAD', 'DEAD']);
    away.participant.state.self = { ...away.participant.state.self, status: 'ALIVE' };
    away.participant.start();
    simulation.run(20_000);
    expect(others.map((one) => statusOf(one, away))).toEqual(['ALIVE', 'ALIVE', 'ALIVE']);
  });

  it('a new list of routes reaches everybody', () => {
    const { simulation, processes } = settled(10, 12);
    const owner = processes[5] as SimProcess;
    simulation.apply(owner, { type: 'routes-changed', routesHash: 'new' });
    simulation.run(3_000);
    const others = processes.filter((one) => one !== owner);
    expect(new Set(others.map((one) => entryOf(one, owner).member.routesHash))).toEqual(new Set(['new']));
  });

  it('who has left or died is forgotten in time, also where tables are compared and newcomers arrive', () => {
    const { simulation, processes } = settled(3, 17);
    const leaver = processes[2] as SimProcess;
    simulation.leave(leaver);
    simulation.run(300_000);
    const newcomer = simulation.start([(processes[0] as SimProcess).url]);
    simulation.run(400_000);
    for (const one of [processes[0], processes[1], newcomer] as SimProcess[]) expect(statusOf(one, leaver)).toBeUndefined();
  });
});

describe('what is said', () => {
  it('a doubt that comes when our own question is back asks again: a dying process may still have been there', () => {
    const { simulation, processes } = settled(3, 20);
    const [one, victim] = processes as [SimProcess, SimProcess];
    const { state } = one.participant;
    state.rounds.delete(victim.id);
    const nowMs = simulation.time.nowMs;
    const doubt = () => step(state, nowMs, { type: 'doubted', id: victim.id });
    const ask = { type: 'probe', id: victim.id, url: victim.url };
    expect(doubt()).toEqual([ask]);
    expect(doubt()).toEqual([]);
    step(state, nowMs, { type: 'probed', id: victim.id, outcome: 'silent' });
    expect(doubt()).toEqual([ask]);
  });

  it('in a quiet fleet is nothing but the hash: no news, no record', () => {
    const { simulation, processes } = settled(8, 15);
    simulation.run(60_000);
    expect(processes.map((one) => one.participant.state.rumours.size)).toEqual(new Array(8).fill(0));
    const { traffic } = simulation.network;
    const before = { ...traffic };
    simulation.run(5_000);
    expect((traffic.bytes - before.bytes) / (traffic.messages - before.messages)).toBeLessThan(60);
  });

  it('whoever passes on what is no longer true is told what is', () => {
    const { simulation, processes } = settled(4, 21);
    const [one, other, third] = processes as [SimProcess, SimProcess, SimProcess];
    simulation.apply(third, { type: 'routes-changed', routesHash: 'new' });
    simulation.run(10_000);
    const old: Member = { ...third.participant.state.self, incarnation: 1, status: 'SUSPECT', suspectedBy: [other.id] };
    let told: readonly Member[] | undefined;
    one.participant.receive('ping', other.id, { members: [old] }, ({ members }) => {
      told = members;
    });
    expect(told).toEqual([third.participant.state.self]);
  });
});

describe('what never happens', () => {
  it('the table is bounded: strangers push out the dead, never the living', () => {
    const { processes } = settled(2, 16);
    const [one, other] = processes as [SimProcess, SimProcess];
    for (let i = 0; i < 5_000; i++) one.participant.apply(heardOf(stranger(i, i % 2 ? 'DEAD' : 'ALIVE')));
    expect(one.participant.state.entries.size).toBeLessThanOrEqual(4_096);
    expect(isPresent(entryOf(one, other).member)).toBe(true);
  });

  it('an incarnation out of thin air is not believed, neither of others nor of oneself', () => {
    const { processes } = settled(2, 19);
    const [one, victim] = processes as [SimProcess, SimProcess];
    const forged: Member = { ...victim.participant.state.self, incarnation: 2 ** 47, status: 'DEAD' };
    one.participant.apply({ ...heardOf(stranger(1, 'ALIVE')), updates: [forged] });
    victim.participant.apply({ ...heardOf(stranger(1, 'ALIVE')), updates: [forged] });
    expect([statusOf(one, victim), victim.participant.state.self.incarnation]).toEqual(['ALIVE', 1]);
  });

  it('accusers that nobody knows do not shorten the time of a suspect', () => {
    const { simulation, processes, changes } = settled(10, 22);
    const [one, victim] = processes as [SimProcess, SimProcess];
    const accusers = [1, 2, 3].map((i) => i.toString(16).padStart(32, 'e'));
    const lie: Member = { ...victim.participant.state.self, status: 'SUSPECT', suspectedBy: accusers };
    // Nobody hears the victim's side of it, and nobody else's.
    simulation.network.isCut = (from, to) => from === one || to === one;
    one.participant.apply({ ...heardOf(stranger(1, 'ALIVE')), updates: [lie] });
    simulation.run(5_000);
    expect(deaths(changes).filter(({ id }) => id === victim.id)).toEqual([]);
  });
});
