import { describe, expect, it } from 'vitest';
import { settled } from './fleet.test-support.ts';
import { BrokenInvariant } from './invariants.ts';
import { FAIR_WEATHER } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import { Simulation } from './simulation.ts';
import { callable, differences, isWhole } from './views.ts';
import { VirtualTime } from './virtual-time.ts';

describe('virtual time', () => {
  it('comes to what is due in the order of time, then of asking, and leaves out what was stopped', () => {
    const time = new VirtualTime();
    const seen: string[] = [];
    time.after(20, () => seen.push('20'));
    for (const name of ['a', 'b', 'c']) time.after(10, () => seen.push(name));
    time.after(5, () => seen.push('never')).stop();
    time.after(15, () => time.after(0, () => seen.push('15, later')));
    time.after(15, () => seen.push('15'));
    time.run(100);
    expect([seen, time.nowMs]).toEqual([['a', 'b', 'c', '15', '15, later', '20'], 100]);
  });

  it('keeps the order of a thousand things that were asked for in any order', () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    for (let i = 0; i < 1_000; i++) time.after((i * 7_919) % 1_000, () => seen.push(time.nowMs));
    time.run(1_000);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen).toHaveLength(1_000);
  });
});

describe('a stopped process', () => {
  it('goes on with its late timers first, and then with what lies in its sockets, as an event loop does', () => {
    const simulation = new Simulation({ seed: 1 });
    const process = simulation.start([]);
    const seen: string[] = [];
    simulation.stop(process);
    simulation.time.after(5, () => process.turn(() => seen.push('message')));
    process.clock.after(10, () => seen.push('timer'));
    simulation.run(50);
    expect(seen).toEqual([]);
    simulation.resume(process);
    expect(seen).toEqual(['timer', 'message']);
  });

  it('has a wall clock that can be set, beside a monotonic one that cannot', () => {
    const simulation = new Simulation({ seed: 1 });
    const { clock } = simulation.start([]);
    const before = [clock.monotonicMs(), clock.epochMs()];
    const [process] = simulation.processes as [SimProcess];
    process.wallOffsetMs = -86_400_000;
    simulation.run(1_000);
    expect([clock.monotonicMs() - (before[0] as number), clock.epochMs() - (before[1] as number)]).toEqual([1_000, -86_399_000]);
  });
});

describe('the network', () => {
  const sendPings = (loss: number, duplication = 0) => {
    const { simulation, processes } = settled(2);
    const [from, to] = processes as [SimProcess, SimProcess];
    simulation.network.weather = { ...FAIR_WEATHER, loss, duplication };
    let received = 0;
    to.participant.receive = (_kind, _sender, _message, answer) => {
      received += 1;
      answer({ status: 'OK' });
    };
    const outcomes: string[] = [];
    const question = { kind: 'ping', url: to.url, target: to.id, message: {}, timeoutMs: 1_000 } as const;
    for (let i = 0; i < 1_000; i++) {
      simulation.network.send(from, question, ({ outcome }) => outcomes.push(outcome));
      if (i % 100 === 99) simulation.run(1_001);
    }
    return { received, answered: outcomes.filter((outcome) => outcome === 'answered').length, outcomes };
  };

  it('loses questions and answers alike, and the loss is silence', () => {
    const { received, answered, outcomes } = sendPings(0.3);
    expect(received).toBeGreaterThan(600);
    expect(received).toBeLessThan(800);
    expect(answered).toBeGreaterThan(400);
    expect(answered).toBeLessThan(580);
    expect(new Set(outcomes)).toEqual(new Set(['answered', 'silent']));
    expect(outcomes).toHaveLength(1_000);
  });

  it('brings some twice, and each is answered once', () => {
    const { received, answered } = sendPings(0, 0.2);
    expect(received).toBeGreaterThan(1_100);
    expect(answered).toBe(1_000);
  });

  it('refuses for a crashed process and is silent for a vanished one', () => {
    const { simulation, processes } = settled(3);
    const [from, crashed, vanished] = processes as [SimProcess, SimProcess, SimProcess];
    simulation.crash(crashed);
    simulation.crash(vanished, 'vanishes');
    const outcomes: string[] = [];
    for (const { url, id } of [crashed, vanished, from]) {
      const question = { kind: 'ping', url, target: id, message: {}, timeoutMs: 1_000 } as const;
      simulation.network.send(from, question, ({ outcome }) => outcomes.push(outcome));
    }
    simulation.run(1_001);
    expect(outcomes.sort()).toEqual(['refused', 'self', 'silent']);
  });
});

describe('what is looked at after each turn', () => {
  const plant = (fault: (process: SimProcess, other: SimProcess) => void) => () => {
    const { simulation, processes } = settled(3);
    const [process, other] = processes as [SimProcess, SimProcess];
    simulation.run(1_000);
    fault(process, other);
    simulation.run(1_000);
  };
  const entry = (process: SimProcess, other: SimProcess) => {
    const found = process.participant.state.entries.get(other.id);
    if (found === undefined) throw new Error('not settled');
    return found;
  };
  const change = (more: object) => (process: SimProcess, other: SimProcess) => {
    const found = entry(process, other);
    found.member = { ...found.member, ...more };
  };

  it.each([
    ['an incarnation that its owner never had', change({ incarnation: 7 }), /never raised/],
    ['an incarnation that goes back', change({ incarnation: 0 }), /went back/],
    [
      'a return from LEFT',
      (process: SimProcess, other: SimProcess) => {
        change({ status: 'LEFT' })(process, other);
        process.turn(() => {});
        change({ status: 'ALIVE' })(process, other);
      },
      /return from LEFT/,
    ],
    [
      'a return from DEAD that the owner did not give',
      (process: SimProcess, other: SimProcess) => {
        change({ status: 'DEAD' })(process, other);
        process.turn(() => {});
        change({ status: 'ALIVE' })(process, other);
      },
      /return from DEAD/,
    ],
    [
      'a queue without a bound',
      (process: SimProcess) => {
        process.participant.state.probeQueue.push(...new Array(50).fill('x'));
      },
      /probes ahead/,
    ],
    [
      'questions without a bound',
      (process: SimProcess) => {
        process.openQuestions = 1_000;
      },
      /open questions/,
    ],
  ])('%s is found', (_name, fault, message) => {
    expect(plant(fault as (process: SimProcess, other: SimProcess) => void)).toThrow(BrokenInvariant);
    expect(plant(fault as (process: SimProcess, other: SimProcess) => void)).toThrow(message);
  });
});

describe('views', () => {
  it('tell what differs from the truth', () => {
    const { simulation, processes } = settled(3);
    expect([isWhole(simulation), differences(simulation)]).toEqual([true, []]);
    const [one, gone] = processes as [SimProcess, SimProcess];
    gone.condition = 'vanished';
    expect([isWhole(simulation), differences(simulation)]).toEqual([
      false,
      ['p1 sees p2 ALIVE, who is gone', 'p3 sees p2 ALIVE, who is gone'],
    ]);
    expect(callable(one)).toContain(gone.id);
    simulation.run(30_000);
    expect(callable(one)).not.toContain(gone.id);
  });
});
