import { describe, expect, it } from 'vitest';
import { simulate } from './simulate.ts';

/** Everything that can be ordered, once. */
function story(seed: number): string {
  const fleet = simulate(seed, { pingIntervalMs: 1_000 });
  const first = fleet.start();
  const [second, third] = [fleet.start([first]), fleet.start([first])];
  fleet.run(5_000);
  fleet.weather({ loss: 0.2, duplication: 0.1, delayMs: [1, 300] });
  fleet.run(10_000);
  fleet.cut(second, third);
  fleet.pause(first);
  fleet.stepClock(second, 86_400_000);
  fleet.run(10_000);
  fleet.resume(first);
  fleet.crash(third, 'vanishes');
  fleet.run(20_000);
  fleet.mend();
  fleet.weather();
  fleet.restart(third, [first]);
  fleet.leave(second);
  fleet.run(60_000);
  return [...fleet.timeline, ...fleet.disagreements()].join('\n');
}

describe('a simulated fleet', () => {
  it('of the same seed and the same orders has the same timeline, to the byte, and all agree when it is quiet', () => {
    const first = story(1);
    expect(story(1)).toBe(first);
    expect(story(2)).not.toBe(first);
    expect(first).toContain('nothing gets from p2 to p3');
    expect(first.split('\n').at(-1)).toMatch(/ ms {2}p/);
  });

  it('notices a death within seconds, and nobody dies of a pause that is short', () => {
    const fleet = simulate(3);
    const first = fleet.start();
    const others = [1, 2, 3, 4].map(() => fleet.start([first]));
    expect(fleet.run(10_000, () => fleet.disagreements().length === 0)).toBe(true);
    const [victim, sleeper] = [others[0] as (typeof others)[0], others[1] as (typeof others)[0]];
    fleet.pause(sleeper);
    fleet.run(2_000);
    fleet.resume(sleeper);
    fleet.run(5_000);
    expect(first.sees()).toEqual({ p2: 'ALIVE', p3: 'ALIVE', p4: 'ALIVE', p5: 'ALIVE' });
    fleet.crash(victim);
    expect(victim.condition).toBe('crashed');
    expect(fleet.run(30_000, () => first.sees().p2 === 'DEAD')).toBe(true);
    expect(fleet.nowMs).toBeLessThan(60_000);
  });

  it('takes no process of another one', () => {
    const [one, other] = [simulate(1), simulate(1)];
    expect(() => one.crash(other.start())).toThrow('another simulation');
  });
});
