import { describe, expect, it } from 'vitest';
import { manualClock, recordedLog } from '../manual-clock.test-support.ts';
import { createStoreGuard } from './store-guard.ts';

function guarded() {
  const clock = manualClock();
  const log = recordedLog();
  const guard = createStoreGuard({ name: 'Redis', timeoutMs: 100, clock, log, meanwhile: 'nobody is counted' });
  return { clock, log, guard };
}
const never = () => new Promise<never>(() => {});
const broken = () => Promise.reject(new Error('gone'));

describe('the guard of a store', () => {
  it('waits no longer than it may', async () => {
    const { clock, guard } = guarded();
    const asked = guard.run(never);
    clock.pass(100);
    await expect(asked).rejects.toThrow('no answer within 100 ms');
  });

  it('asks no more after three failures, says so once, and has one request find out whether it is back', async () => {
    const { clock, guard, log } = guarded();
    for (let i = 0; i < 3; i++) await expect(guard.run(broken)).rejects.toThrow('gone');
    expect(log.lines).toEqual(['error: Redis does not answer: gone. Until it does, nobody is counted']);
    let asked = 0;
    const ask = () => guard.run(async () => ++asked);
    await expect(ask()).rejects.toThrow('did not answer lately');
    expect(asked).toBe(0);
    clock.pass(500);
    const probe = ask();
    await expect(ask()).rejects.toThrow('did not answer lately');
    await expect(probe).resolves.toBe(1);
    await expect(ask()).resolves.toBe(2);
    expect(log.lines.at(-1)).toBe('info: Redis answers again');
  });

  it('takes single failures between successes for nothing', async () => {
    const { guard, log } = guarded();
    for (let i = 0; i < 10; i++) {
      await expect(guard.run(broken)).rejects.toThrow('gone');
      await guard.run(async () => 1);
    }
    expect(log.lines).toEqual([]);
  });

  it('does not take a process that stood still for a store that does not answer', async () => {
    const { clock, guard, log } = guarded();
    let answer: (value: number) => void = () => {};
    const asked = Array.from({ length: 5 }, () => guard.run(() => new Promise<number>((resolve) => (answer = resolve))));
    asked.push(guard.run(() => new Promise<number>((resolve) => setImmediate(resolve, 1))));
    // Nothing ran for so long: neither the timer nor what came from the store meanwhile.
    clock.stall(5_000);
    answer(2);
    clock.pass(99);
    await expect(asked[5]).resolves.toBe(1);
    await expect(asked[4]).resolves.toBe(2);
    expect(log.lines).toEqual([]);
    // Then it counts, however often the process stands still.
    clock.stall(1_000);
    for (const each of asked.slice(0, 4)) await expect(each).rejects.toThrow('no answer within 100 ms');
  });

  it('does not mind an answer that comes after its time', async () => {
    const { clock, guard } = guarded();
    let answer: (value: number) => void = () => {};
    const asked = guard.run(() => new Promise<number>((resolve) => (answer = resolve)));
    clock.pass(100);
    answer(1);
    await expect(asked).rejects.toThrow('no answer');
  });
});
