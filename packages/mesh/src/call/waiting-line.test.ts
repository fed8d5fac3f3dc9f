import { describe, expect, it } from 'vitest';
import type { WaitingLine } from '../directory/health.ts';
import { answered, createWaitingLine, emptied, isCalm, isStanding, isWorthwhile, join } from './waiting-line.ts';

const TUNABLES = { maxInFlight: 100, maxQueued: 100 };

interface Phase {
  readonly untilMs: number;
  readonly ratePerSecond: number;
}

/**
 * Calls to an instance with so many workers, through a bulkhead as `bulkhead.ts` has it. What is over the number of workers
 * queues there, unseen. `together` calls come at the beginning, at once.
 */
function simulate(workers: number, workMs: number, phases: readonly Phase[], { together = 0, startMs = 0 } = {}) {
  let line: WaitingLine | undefined;
  let waiting: { atMs: number }[] = [];
  const working: { endsAtMs: number; atMs: number; enteredAtMs: number }[] = [];
  const queued: { atMs: number; enteredAtMs: number }[] = [];
  const took: { atMs: number; tookMs: number }[] = [];
  const refused: number[] = [];
  const places: number[] = [];
  let running = 0;
  let now = startMs;

  function enter(atMs: number) {
    running += 1;
    if (working.length < workers) working.push({ endsAtMs: now + workMs, atMs, enteredAtMs: now });
    else queued.push({ atMs, enteredAtMs: now });
  }
  function arrive() {
    if (running < (line?.places ?? TUNABLES.maxInFlight)) return enter(now);
    line ??= createWaitingLine(TUNABLES);
    const verdict = join(line, now, waiting.length, waiting[0]?.atMs ?? now);
    if (verdict === 'refused') return void refused.push(now);
    if (verdict === 'displaces') {
      waiting = waiting.slice(1);
      refused.push(now);
    }
    waiting.push({ atMs: now });
  }
  function finish() {
    const [done] = working.splice(0, 1) as [(typeof working)[0]];
    running -= 1;
    took.push({ atMs: now, tookMs: now - done.atMs });
    const next = queued.shift();
    if (next !== undefined) working.push({ ...next, endsAtMs: now + workMs });
    if (line === undefined) return;
    answered(line, done.enteredAtMs, now);
    while (waiting.length > 0 && running < line.places) {
      const { atMs } = (isStanding(line, now) ? waiting.pop() : waiting.shift()) as { atMs: number };
      if (isWorthwhile(line, now, atMs)) enter(atMs);
      else refused.push(now);
    }
    if (waiting.length === 0) emptied(line, now);
    if (isCalm(line, now)) line = undefined;
  }

  for (let i = 0; i < together; i++) arrive();
  let nextMs = startMs;
  for (const { untilMs, ratePerSecond } of phases) {
    nextMs = now + 1_000 / ratePerSecond;
    while (now < startMs + untilMs) {
      const endsAtMs = working[0]?.endsAtMs ?? Number.POSITIVE_INFINITY;
      now = Math.min(endsAtMs, nextMs, startMs + untilMs);
      if (now === endsAtMs) finish();
      else if (now === nextMs) {
        arrive();
        nextMs += 1_000 / ratePerSecond;
      }
    }
    places.push(line?.places ?? TUNABLES.maxInFlight);
  }
  const between = (fromMs: number, toMs: number) => {
    const some = took.filter(({ atMs }) => atMs >= startMs + fromMs && atMs < startMs + toMs).map(({ tookMs }) => tookMs);
    some.sort((a, b) => a - b);
    return { perSecond: (some.length * 1_000) / (toMs - fromMs), p99: some[Math.floor(some.length * 0.99)] ?? 0 };
  };
  return { refused, places, between, answered: took.length };
}

describe('in an overload of three times what the instance can', () => {
  it('of one worker, all of it is used, and who is answered is answered soon: the queue there is short after a second', () => {
    const { between, places } = simulate(1, 2, [{ untilMs: 20_000, ratePerSecond: 1_500 }]);
    expect(places).toEqual([25]);
    expect(between(1_000, 20_000).perSecond).toBeGreaterThan(495);
    expect(between(1_000, 20_000).p99).toBeLessThan(110);
    expect(between(0, 1_000).p99).toBeLessThan(260);
  });

  it('of forty workers none is ever left without work for long', () => {
    const { between, places } = simulate(40, 20, [{ untilMs: 60_000, ratePerSecond: 6_000 }]);
    expect(places[0]).toBeGreaterThanOrEqual(40);
    expect(between(1_000, 60_000).perSecond / 2_000).toBeGreaterThan(0.98);
  });

  it('it is over when the load is: who has waited for long is refused, so that it is over for all others', () => {
    const { refused, places, between } = simulate(1, 2, [
      { untilMs: 5_000, ratePerSecond: 1_500 },
      { untilMs: 8_000, ratePerSecond: 300 },
    ]);
    expect(places).toEqual([25, 100]);
    expect(refused.length).toBeGreaterThan(4_000);
    expect(refused.filter((atMs) => atMs > 5_200)).toEqual([]);
    expect(between(5_000, 8_000).p99).toBeLessThan(200);
  });
});

describe('where more calls at once are answered as fast, fewer are not tried for long', () => {
  it.each([
    [20, 60_000, 0.95],
    [300, 300_000, 0.95],
    [3_000, 300_000, 0.88],
  ])('answers after %i ms, one and a half times as many calls as there are places for', (workMs, untilMs, least) => {
    const most = 100_000 / workMs;
    const { between, places } = simulate(1_000, workMs, [{ untilMs, ratePerSecond: 1.5 * most }]);
    expect(places).toEqual([100]);
    expect(between(0, untilMs).perSecond / most).toBeGreaterThan(least);
  });

  it('that a few are answered soon says nothing while the others are not answered at all', () => {
    const line = createWaitingLine(TUNABLES);
    join(line, 0, 0, 0);
    join(line, 60, 1, 0);
    for (let i = 0; i < 100; i++) answered(line, 0, 200);
    for (let i = 0; i < 50; i++) answered(line, 200 + 18 * i, 220 + 18 * i);
    expect(line).toMatchObject({ places: 100, trial: undefined });
  });

  it('nothing is answered at all, because all places are taken by streams: they are there again after a second', () => {
    const line = createWaitingLine(TUNABLES);
    join(line, 0, 0, 0);
    join(line, 60, 1, 0);
    expect(line.places).toBe(50);
    join(line, 1_000, 2, 0);
    expect(line.places).toBe(50);
    join(line, 1_060, 3, 0);
    expect(line.places).toBe(100);
    let fewerMs = 0;
    for (let now = 1_060; now < 120_000; now += 10) {
      join(line, now, 4, now);
      if (line.places < 100) fewerMs += 10;
    }
    expect(fewerMs).toBeLessThan(0.06 * 120_000);
  });
});

describe('nobody is refused', () => {
  it.each([
    ['a burst of 200 that compute', 1, 2, 200],
    ['a burst of 200 that compute for longer than anybody may wait', 1, 20, 200],
    ['a burst of 150 that wait for a database', 1_000, 5, 150],
  ])('in %s', (_what, workers, workMs, together) => {
    const { refused, answered: count } = simulate(workers, workMs, [{ untilMs: 10_000, ratePerSecond: 0.01 }], { together });
    expect([refused, count]).toEqual([[], together]);
  });

  it('in a burst of 190 beside some traffic', () => {
    const { refused } = simulate(1, 2, [{ untilMs: 5_000, ratePerSecond: 20 }], { together: 190 });
    expect(refused).toEqual([]);
  });

  it('at 95 % of what the instance can, in bursts of 80', () => {
    const phases = Array.from({ length: 20 }, (_, i) => [
      { untilMs: 200 * i + 20, ratePerSecond: 4_000 },
      { untilMs: 200 * i + 200, ratePerSecond: 85 },
    ]).flat();
    expect(simulate(1, 2, phases).refused).toEqual([]);
  });
});

describe('a line', () => {
  it('that comes and goes serves in its order; one that stays, from its end', () => {
    const line = createWaitingLine(TUNABLES);
    join(line, 1_000, 0, 1_000);
    expect([isStanding(line, 1_049), isStanding(line, 1_050)]).toEqual([false, true]);
    emptied(line, 1_060);
    expect(isStanding(line, 5_000)).toBe(false);
    join(line, 5_000, 0, 5_000);
    expect(isStanding(line, 5_049)).toBe(false);
  });

  it('that is full refuses the newcomer in a burst, and whoever waited longest in an overload', () => {
    const line = createWaitingLine(TUNABLES);
    expect([join(line, 0, 99, 0), join(line, 40, 100, 0), join(line, 60, 100, 0), join(line, 60, 99, 0)]).toEqual([
      'waits',
      'refused',
      'displaces',
      'waits',
    ]);
    expect([join(line, 560, 50, 61), join(line, 560, 50, 60)]).toEqual(['waits', 'displaces']);
  });

  it('after an idle hour begins anew', () => {
    const line = createWaitingLine(TUNABLES);
    join(line, 0, 0, 0);
    emptied(line, 100);
    expect([isCalm(line, 1_099), isCalm(line, 1_100), isCalm(line, 3_600_000)]).toEqual([false, true, true]);
  });

  it('keeps its ways when the clock steps back or jumps', () => {
    const forward = simulate(1, 2, [{ untilMs: 3_000, ratePerSecond: 1_500 }], { startMs: 1e12 });
    expect(forward.places).toEqual([25]);
    const line = createWaitingLine(TUNABLES);
    join(line, 10_000, 0, 10_000);
    expect(join(line, 5_000, 100, 10_000)).toBe('refused');
    expect(isStanding(line, 5_000)).toBe(false);
    emptied(line, 5_000);
    expect(isCalm(line, 4_000)).toBe(false);
    expect(isCalm(line, 6_000)).toBe(true);
  });
});
