import { describe, expect, it } from 'vitest';
import { allSeeAll, deaths, entryOf, settled, statusOf, unaware } from '../testing/fleet.test-support.ts';
import { FAIR_WEATHER } from '../testing/sim-network.ts';
import type { SimProcess } from '../testing/sim-process.ts';
import type { MembershipAction, MembershipEvent } from './events.ts';
import { isRoutable } from './preservation.ts';
import { step } from './step.ts';

describe('a connection that is refused', { timeout: 60_000 }, () => {
  it('is known at once to who saw it, to nearly all within a second and to all within five', () => {
    let late = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const { simulation, processes } = settled(10, seed);
      const [witness, , , , victim] = processes as [SimProcess, SimProcess, SimProcess, SimProcess, SimProcess];
      victim.condition = 'crashed';
      simulation.run(100);
      // One of them had a connection open and saw it end.
      simulation.apply(witness, { type: 'doubted', id: victim.id });
      simulation.run(100);
      expect(statusOf(witness, victim), `seed ${seed}`).toBe('DEAD');
      simulation.run(900);
      late += unaware(processes, victim).length;
      simulation.run(4_000);
      expect(unaware(processes, victim), `seed ${seed}`).toHaveLength(0);
    }
    expect(late / (50 * 9)).toBeLessThan(0.02);
  });

  it('kills nobody when one member alone is refused', () => {
    const { processes, simulation } = settled(5);
    const [witness, victim] = processes as [SimProcess, SimProcess];
    simulation.apply(witness, { type: 'doubted', id: victim.id });
    const refused = step(witness.participant.state, 0, { type: 'probed', id: victim.id, outcome: 'refused' });
    expect(refused.map(({ type }) => type)).toEqual(['changed', 'ask-helper', 'ask-helper', 'ask-helper']);
    expect(statusOf(witness, victim)).toBe('ALIVE');
    simulation.run(60_000);
    expect(statusOf(witness, victim)).toBe('ALIVE');
  });

  it('is confirmed by others when the helpers that were asked first have crashed too', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { simulation, processes } = settled(20, seed);
      for (const victim of processes.slice(0, 8)) simulation.crash(victim);
      simulation.run(5_000);
      const seen = processes.slice(8).flatMap((one) => processes.slice(0, 8).map((victim) => statusOf(one, victim)));
      expect(new Set(seen), `seed ${seed}`).toEqual(new Set(['DEAD']));
    }
  });
});

describe('a probe whose helpers', () => {
  /** A refused probe under way, and whom it asked. */
  function refused(size: number) {
    const { simulation, processes } = settled(size);
    const [one, victim] = processes as [SimProcess, SimProcess];
    const { state } = one.participant;
    const nowMs = one.clock.monotonicMs();
    state.rounds.clear();
    const apply = (event: MembershipEvent) => step(state, nowMs, event);
    apply({ type: 'doubted', id: victim.id });
    const asked = apply({ type: 'probed', id: victim.id, outcome: 'refused' });
    return { simulation, processes, one, victim, apply, asked: helpersOf(asked) };
  }
  const helpersOf = (actions: readonly MembershipAction[]) =>
    actions.flatMap((action) => (action.type === 'ask-helper' ? action.helper.id : []));

  it('are gone asks others instead', () => {
    const { apply, asked, victim } = refused(8);
    const [other, ...more] = helpersOf(apply({ type: 'helped', id: victim.id, helper: asked[0] as string, outcome: 'gone' }));
    expect([asked.length, other, more]).toEqual([3, expect.any(String), []]);
    expect([...asked, victim.id]).not.toContain(other);
  });

  it('say it twice does not take one for two', () => {
    const { apply, asked, one, victim } = refused(8);
    const helper = asked[0] as string;
    for (let i = 0; i < 3; i++) apply({ type: 'helped', id: victim.id, helper, outcome: 'refused' });
    expect(statusOf(one, victim)).toBe('ALIVE');
    apply({ type: 'helped', id: victim.id, helper: asked[1] as string, outcome: 'refused' });
    expect(statusOf(one, victim)).toBe('DEAD');
  });

  it('are all gone takes its own eyes for enough', () => {
    const { apply, asked, one, victim } = refused(4);
    expect(asked).toHaveLength(2);
    apply({ type: 'helped', id: victim.id, helper: asked[0] as string, outcome: 'gone' });
    expect(statusOf(one, victim)).toBe('ALIVE');
    apply({ type: 'helped', id: victim.id, helper: asked[1] as string, outcome: 'gone' });
    expect(statusOf(one, victim)).toBe('DEAD');
  });

  it('are asked by doubt after doubt asks twice as many as one failure needs, at most', () => {
    const { apply, asked, victim } = refused(20);
    let all = asked.length;
    for (let i = 0; i < 10; i++) {
      apply({ type: 'doubted', id: victim.id });
      all += helpersOf(apply({ type: 'probed', id: victim.id, outcome: 'refused' })).length;
    }
    expect(all).toBe(6);
  });

  it('crash with the one that is probed leaves the last of a fleet in no doubt for longer than a second', () => {
    for (const size of [3, 4, 6]) {
      for (let seed = 1; seed <= 10; seed++) {
        const { simulation, processes } = settled(size, seed);
        const [last, ...others] = processes as [SimProcess, ...SimProcess[]];
        for (const other of others) other.condition = 'crashed';
        for (const other of others) simulation.apply(last, { type: 'doubted', id: other.id });
        simulation.run(1_000);
        expect(
          others.map((other) => statusOf(last, other)),
          `size ${size}, seed ${seed}`,
        ).toEqual(others.map(() => 'DEAD'));
      }
    }
  });
});

describe('silence', { timeout: 60_000 }, () => {
  it('is known to all within 2.5 ping intervals and a second, in fleets of up to ten', () => {
    for (const size of [2, 3, 4, 5, 7, 10]) {
      for (let seed = 1; seed <= 25; seed++) {
        const { simulation, processes } = settled(size, seed);
        const victim = processes[1] as SimProcess;
        simulation.stop(victim);
        simulation.run(2.5 * 5_000 + 1_000);
        expect(unaware(processes, victim), `size ${size}, seed ${seed}`).toHaveLength(0);
      }
    }
  });

  it('of three seconds kills nobody, twenty times', () => {
    const { simulation, processes, changes } = settled(20);
    for (let i = 0; i < 20; i++) {
      const sleeper = processes[i] as SimProcess;
      simulation.stop(sleeper);
      simulation.run(3_000);
      simulation.resume(sleeper);
      simulation.run(2_000);
    }
    expect(deaths(changes)).toEqual([]);
  });

  it('that lasts is forgiven: whoever was thought dead is back within five seconds of going on', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { simulation, processes } = settled(5, seed);
      const victim = processes[2] as SimProcess;
      simulation.stop(victim);
      simulation.run(30_000);
      expect(unaware(processes, victim)).toEqual([]);
      simulation.resume(victim);
      simulation.run(5_000);
      expect(allSeeAll(processes), `seed ${seed}`).toBe(true);
    }
  });

  it('between two members kills nobody: others reach both', () => {
    const { simulation, processes, changes } = settled(5, 8);
    const [a, b] = processes as [SimProcess, SimProcess];
    simulation.network.isCut = (from, to) => (from === a && to === b) || (from === b && to === a);
    simulation.run(120_000);
    expect(deaths(changes)).toEqual([]);
  });

  it('of a member that hears but is not heard by one other kills nobody', () => {
    const { simulation, processes, changes } = settled(6, 9);
    const [a, b] = processes as [SimProcess, SimProcess];
    simulation.network.isCut = (from, to) => from === a && to === b;
    simulation.run(120_000);
    expect(deaths(changes)).toEqual([]);
  });
});

describe('a process that is short of CPU', () => {
  it('does not blame the others: it slept, and their answers lie in its sockets', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { simulation, processes, changes } = settled(5, seed);
      const [sleeper, gone] = processes as [SimProcess, SimProcess];
      // While it has a suspicion open, which its own absence must not turn into a verdict.
      simulation.network.isCut = (from, to) => from === gone || to === gone;
      simulation.run(3_500);
      simulation.stop(sleeper);
      simulation.network.isCut = () => false;
      simulation.run(4_000);
      simulation.resume(sleeper);
      simulation.run(10_000);
      expect(
        changes.filter(({ by, status }) => by === sleeper && status === 'DEAD'),
        `seed ${seed}`,
      ).toEqual([]);
    }
  });

  it('in slices, with pauses of a second for minutes, sees nobody dead and is not seen dead', () => {
    const { simulation, processes, changes } = settled(6, 3);
    const starved = processes[2] as SimProcess;
    for (let i = 0; i < 150; i++) {
      simulation.stop(starved);
      simulation.run(1_000);
      simulation.resume(starved);
      simulation.run(60);
    }
    expect(deaths(changes)).toEqual([]);
    expect(starved.participant.state.localHealth).toBeGreaterThan(0);
    simulation.run(60_000);
    expect(starved.participant.state.localHealth).toBe(0);
  });
});

describe('losses', { timeout: 60_000 }, () => {
  it('everybody is there at the end of ten minutes in which a tenth of all messages was lost, and nobody was thought dead', () => {
    const { simulation, processes, changes } = settled(10, 9);
    simulation.network.weather.loss = 0.1;
    simulation.run(600_000);
    simulation.network.weather = { ...FAIR_WEATHER };
    simulation.run(10_000);
    expect(allSeeAll(processes)).toBe(true);
    expect(deaths(changes)).toEqual([]);
  });

  it('a fleet split in two is whole again within 20 seconds', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { simulation, processes } = settled(20, seed);
      const half = new Set(processes.slice(0, 10));
      simulation.network.isCut = (from, to) => half.has(from) !== half.has(to);
      simulation.run(60_000);
      simulation.network.isCut = () => false;
      expect(
        simulation.run(20_000, () => allSeeAll(processes)),
        `seed ${seed}`,
      ).toBe(true);
    }
  });
});

describe('a large part of the fleet that falls silent at once', () => {
  it('stays callable for those who see it, which is told; and is given up in time', () => {
    const { simulation, processes } = settled(10);
    const [witness] = processes as [SimProcess];
    const told: string[] = [];
    const lost = processes.slice(5);
    simulation.network.isCut = (from, to) => lost.includes(from) !== lost.includes(to);
    simulation.run(40_000);
    told.push(...lost.map((one) => `${statusOf(witness, one)} ${isRoutable(entryOf(witness, one))}`));
    expect(new Set(told)).toEqual(new Set(['DEAD true']));
    simulation.run(witness.participant.state.tunables.preserveMs + 10_000);
    expect(lost.some((one) => isRoutable(entryOf(witness, one)))).toBe(false);
  });

  it('is not kept where hosts say that nobody listens, nor when it is two', () => {
    const { simulation, processes } = settled(10);
    const [witness, ...others] = processes as [SimProcess, ...SimProcess[]];
    for (const victim of others.slice(0, 4)) simulation.crash(victim);
    simulation.run(10_000);
    for (const victim of others.slice(4, 6)) simulation.crash(victim, 'vanishes');
    simulation.run(60_000);
    expect(others.slice(0, 6).some((one) => isRoutable(entryOf(witness, one)))).toBe(false);
  });

  it('is given up one by one as soon as a call finds that nobody listens', () => {
    const { simulation, processes } = settled(10);
    const [witness] = processes as [SimProcess];
    const lost = processes.slice(5);
    simulation.network.isCut = (from, to) => lost.includes(from) !== lost.includes(to);
    simulation.run(40_000);
    const [victim] = lost as [SimProcess];
    simulation.network.isCut = () => false;
    simulation.crash(victim);
    simulation.apply(witness, { type: 'doubted', id: victim.id });
    simulation.run(100);
    expect(isRoutable(entryOf(witness, victim))).toBe(false);
  });
});
