import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Timer } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { type CheckRun, createCheck } from './check.ts';
import { watchLoop } from './loop-watch.ts';

/** Time that passes when the test says so. */
function testClock() {
  let nowMs = 1_000;
  let timers: { atMs: number; everyMs: number | undefined; run: () => void }[] = [];
  const add = (delayMs: number, everyMs: number | undefined, run: () => void): Timer => {
    const timer = { atMs: nowMs + delayMs, everyMs, run };
    timers.push(timer);
    return {
      stop: () => {
        timers = timers.filter((one) => one !== timer);
      },
    };
  };
  const clock: Clock = {
    monotonicMs: () => nowMs,
    epochMs: () => nowMs,
    after: (delayMs, run) => add(delayMs, undefined, run),
    every: (intervalMs, run) => add(intervalMs, intervalMs, run),
  };
  return {
    clock,
    async pass(ms: number): Promise<void> {
      const endsAtMs = nowMs + ms;
      for (;;) {
        await turn();
        const [next] = timers.toSorted((one, other) => one.atMs - other.atMs);
        if (next === undefined || next.atMs > endsAtMs) break;
        nowMs = Math.max(nowMs, next.atMs);
        if (next.everyMs === undefined) timers = timers.filter((one) => one !== next);
        else next.atMs = nowMs + next.everyMs;
        next.run();
      }
      nowMs = endsAtMs;
      await turn();
    },
    /** The loop is blocked: time passes, and no timer fires before it is over. */
    block(ms: number): void {
      nowMs += ms;
    },
  };
}

function check(run: CheckRun, { timeoutMs = 100, cacheMs = 1_000 } = {}) {
  const time = testClock();
  const changes: boolean[] = [];
  let runs = 0;
  const counted: CheckRun = (signal) => {
    runs += 1;
    return run(signal);
  };
  const made = createCheck(counted, { timeoutMs, cacheMs, isCritical: true }, time.clock, ({ isUp }) => changes.push(isUp));
  return { ...time, ...made, look: () => made.look(), changes, runs: () => runs };
}

describe('a check', () => {
  it('runs once for all who ask at a time, and not again while its result is young', async () => {
    let answer = () => {};
    const one = check(
      () =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }),
    );
    const asked = [one.look(), one.look(), one.look()];
    await one.pass(10);
    answer();
    expect(await Promise.all(asked)).toEqual(new Array(3).fill({ isUp: true, latencyMs: 10 }));
    await one.look();
    await one.pass(999);
    await one.look();
    expect(one.runs()).toBe(1);
    await one.pass(1);
    void one.look();
    await one.pass(1);
    expect(one.runs()).toBe(2);
  });

  it('fails with the text of the error for some, and a word for the others', async () => {
    const one = check(() => {
      throw new Error('password authentication failed for user "shop"\nat 10.0.0.7');
    });
    expect(await one.look()).toEqual({
      isUp: false,
      latencyMs: 0,
      word: 'failed',
      detail: 'password authentication failed for user "shop"\\u000aat 10.0.0.7',
    });
    expect(one.changes).toEqual([false]);
  });

  it.each([
    ['an object without a prototype', Object.create(null)],
    ['an error whose message is no text', Object.assign(new Error('x'), { message: 7 })],
    [
      'an error that cannot be read',
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('no');
        },
      }),
    ],
    ['nothing', undefined],
  ])('that throws %s is down, and ends no process', async (_what, thrown) => {
    const one = check(() => Promise.reject(thrown));
    expect(await one.look()).toMatchObject({ isUp: false, word: 'failed', detail: expect.any(String) });
  });

  it('that never comes back is down in time, is told so, is not started again beside itself, and is given up at last', async () => {
    const signals: AbortSignal[] = [];
    const one = check(
      (signal) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      { cacheMs: 0 },
    );
    const looked = one.look();
    await one.pass(100);
    expect(await looked).toMatchObject({ isUp: false, word: 'timed out', detail: 'no answer within 100 ms' });
    expect(signals[0]?.aborted).toBe(true);
    for (let asked = 0; asked < 50; asked++) await one.look();
    expect(one.runs()).toBe(1);
    await one.pass(1_000);
    void one.look();
    await one.pass(1);
    expect(one.runs()).toBe(2);
  });

  it('that comes back too late does not change what was said', async () => {
    let answer = () => {};
    const one = check(
      () =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }),
    );
    const looked = one.look();
    await one.pass(100);
    answer();
    await one.pass(1);
    expect((await looked).isUp).toBe(false);
    expect(one.changes).toEqual([false]);
  });

  it('tells of each change once', async () => {
    let isWell = true;
    const one = check(() => isWell || Promise.reject(new Error('no')), { cacheMs: 0 });
    for (const now of [true, false, false, true, true]) {
      isWell = now;
      await one.pass(1);
      await one.look();
    }
    expect(one.changes).toEqual([false, true]);
  });
});

describe('the event loop', () => {
  it('stalls when it was late three times in ten seconds, and is well again after that', async () => {
    const { clock, pass, block } = testClock();
    const loop = watchLoop(1_000, clock);
    for (let stall = 0; stall < 2; stall++) {
      block(1_200);
      await pass(100);
    }
    expect(loop.isStalled()).toBe(false);
    block(1_200);
    // A probe that comes before the timer, in the turn after the stall.
    expect(loop.isStalled()).toBe(true);
    await pass(100);
    expect(loop.isStalled()).toBe(true);
    await pass(10_000);
    expect(loop.isStalled()).toBe(false);
    expect(loop.delayMs).toBe(0);
  });

  it('does not stall when the process was stopped for a while', async () => {
    const { clock, pass, block } = testClock();
    const loop = watchLoop(1_000, clock);
    block(3_600_000);
    await pass(100);
    expect(loop.isStalled()).toBe(false);
  });
});
