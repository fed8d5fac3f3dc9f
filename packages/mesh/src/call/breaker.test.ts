import { describe, expect, it } from 'vitest';
import type { BreakerState } from '../directory/health.ts';
import { beginProbe, isFailing, isProbeDue, judge, leavesEnough, missed, type Seen } from './breaker.ts';
import { type Behaviour, createFleet, load } from './fleet.test-support.ts';

const TUNABLES = {
  consecutiveFailures: 5,
  failurePercent: 50,
  minAttempts: 20,
  baseMs: 5_000,
  maxMs: 60_000,
  maxEjectedPercent: 50,
};
const CLOSED: BreakerState = { kind: 'closed', failuresInARow: 0, ejections: 0, sinceMs: 0 };
const SEEN: Seen = {
  outcome: 'down',
  isProbe: false,
  attempts: 1,
  failures: 1,
  mayEject: () => true,
  isAnotherBetter: () => true,
  chance: 0.5,
};
const after = (state: BreakerState, nowMs: number, seen: Partial<Seen>) => judge(state, nowMs, { ...SEEN, ...seen }, TUNABLES);

describe('the breaker of an instance', () => {
  it('opens at five failures in a row, not at four and one that was good between', () => {
    let state: BreakerState = CLOSED;
    for (const outcome of ['down', 'down', 'down', 'down', 'good', 'down', 'down', 'down', 'down'] as const)
      state = after(state, 1_000, { outcome });
    expect(state).toMatchObject({ kind: 'closed', failuresInARow: 4 });
    expect(after(state, 1_000, {})).toEqual({ kind: 'ejected', untilMs: 6_000, ejections: 1 });
  });

  it('a 500 is no failure of the connection: it ends the row, and counts for the share', () => {
    const four: BreakerState = { kind: 'closed', failuresInARow: 4, ejections: 0, sinceMs: 0 };
    expect(after(four, 1_000, { outcome: 'broken' })).toMatchObject({ kind: 'closed', failuresInARow: 0 });
    expect(after(CLOSED, 1_000, { outcome: 'broken', attempts: 20, failures: 10 }).kind).toBe('ejected');
    expect(after(CLOSED, 1_000, { outcome: 'broken', attempts: 20, failures: 9 }).kind).toBe('closed');
    expect(after(CLOSED, 1_000, { outcome: 'broken', attempts: 19, failures: 19 }).kind).toBe('closed');
  });

  it('overload and calls that were called off say nothing', () => {
    const four: BreakerState = { kind: 'closed', failuresInARow: 4, ejections: 0, sinceMs: 0 };
    for (const outcome of ['shed', 'unknown'] as const) {
      expect(after(four, 1_000, { outcome, attempts: 100, failures: 100 })).toBe(four);
    }
  });

  it('stays closed where too many are out already, and opens at the next failure when there is room', () => {
    const four: BreakerState = { kind: 'closed', failuresInARow: 4, ejections: 0, sinceMs: 0 };
    const held = after(four, 1_000, { mayEject: () => false });
    expect(held).toMatchObject({ kind: 'closed', failuresInARow: 5 });
    expect(after(held, 1_000, {}).kind).toBe('ejected');
  });

  it('is probed when its time is up: good closes it, bad opens it for longer, a call that was called off lets the next one try', () => {
    const ejected: BreakerState = { kind: 'ejected', untilMs: 6_000, ejections: 1 };
    expect([isProbeDue(ejected, 5_999), isProbeDue(ejected, 6_000)]).toEqual([false, true]);
    const probing = beginProbe(ejected);
    expect(isProbeDue(probing, 60_000)).toBe(false);
    for (const outcome of ['good', 'shed'] as const) {
      expect(after(probing, 7_000, { outcome, isProbe: true })).toEqual({ ...CLOSED, ejections: 1, sinceMs: 7_000 });
    }
    for (const outcome of ['down', 'broken'] as const) {
      expect(after(probing, 7_000, { outcome, isProbe: true })).toEqual({ kind: 'ejected', untilMs: 17_000, ejections: 2 });
    }
    expect(isProbeDue(after(probing, 7_000, { outcome: 'unknown', isProbe: true }), 7_000)).toBe(true);
  });

  it('is probed again in half a second, and stays out no longer for it, where nobody else does better', () => {
    const probing: BreakerState = { kind: 'probing', ejections: 1 };
    const failed = after(probing, 7_000, { isProbe: true, isAnotherBetter: () => false });
    expect(failed).toEqual({ kind: 'ejected', untilMs: 7_500, ejections: 1 });
  });

  it('comes back in half a second where it is missed, never later than it would have', () => {
    const out = (untilMs: number): BreakerState => ({ kind: 'ejected', untilMs, ejections: 3 });
    expect(missed(out(60_000), 7_000)).toEqual(out(7_500));
    const [soon, past] = [out(7_200), out(1_000)];
    expect([missed(soon, 7_000), missed(past, 7_000), missed(CLOSED, 7_000)]).toEqual([soon, past, CLOSED]);
    // The clock went back: what was to come in half a second is not put off by the step.
    expect(missed(out(7_500), 2_000)).toEqual(out(2_500));
  });

  it('fails by a row or by a share, and by neither when little is known', () => {
    const fails = (failuresInARow: number, attempts: number, failures: number) =>
      isFailing({ failuresInARow, attempts, failures }, TUNABLES);
    expect([fails(5, 5, 5), fails(4, 4, 4), fails(0, 20, 10), fails(0, 19, 19), fails(0, 20, 9)]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  it('late answers of other calls change nothing while it is out or probed', () => {
    for (const state of [
      { kind: 'ejected', untilMs: 6_000, ejections: 1 },
      { kind: 'probing', ejections: 1 },
    ] as const) {
      for (const outcome of ['good', 'down'] as const) expect(after(state, 5_000, { outcome })).toBe(state);
    }
  });

  it('stays out longer each time, up to a minute, ± 20 %, and is forgiven one step each ten good seconds', () => {
    const lengths = (chance: number) =>
      [0, 1, 5, 30].map((ejections) => {
        const state = after({ kind: 'probing', ejections }, 0, { isProbe: true, chance });
        return state.kind === 'ejected' ? Math.round(state.untilMs) : 0;
      });
    expect(lengths(0.5)).toEqual([5_000, 10_000, 30_000, 60_000]);
    expect(lengths(0)).toEqual([4_000, 8_000, 24_000, 48_000]);
    const returned: BreakerState = { kind: 'closed', failuresInARow: 4, ejections: 3, sinceMs: 0 };
    const again = (nowMs: number) => after(returned, nowMs, {});
    expect([0, 9_999, 10_000, 25_000, 90_000].map((nowMs) => (again(nowMs) as { ejections: number }).ejections)).toEqual([
      4, 4, 3, 2, 1,
    ]);
  });

  it('never takes out more than half', () => {
    const fleet = (out: number, all: number) =>
      Array.from({ length: all }, (_, i) => ({
        health: { breaker: i < out ? ({ kind: 'probing', ejections: 1 } as const) : CLOSED },
      }));
    const allowed = [1, 2, 3, 4, 5, 6].map((all) => [0, 1, 2, 3].filter((out) => leavesEnough(fleet(out, all), TUNABLES)).length);
    expect(allowed).toEqual([0, 1, 1, 2, 2, 3]);
  });
});

describe('ejection in the chain', () => {
  const good: Behaviour = () => ({ afterMs: 5 });

  it('an instance whose port refuses is left alone, probed by one call when its time is up, and taken back when it is well', async () => {
    let isWell = false;
    const fleet = createFleet({ bad: () => (isWell ? { afterMs: 5 } : { fail: 'refused' }), b: good, c: good });
    const { results } = await load(fleet, { perSecond: 200, seconds: 20 });
    expect(new Set(results)).toEqual(new Set([200]));
    expect(fleet.events.filter((event) => event.startsWith('ejected'))[0]).toBe('ejected bad: consecutive-failures');
    const { ejections } = fleet.counters;
    expect(ejections).toBeGreaterThanOrEqual(2);
    // Five that opened it, then one probe each.
    expect(fleet.sent.filter(({ instance }) => instance === 'bad')).toHaveLength(5 + ejections - 1);
    isWell = true;
    await load(fleet, { perSecond: 200, seconds: 30 });
    expect(fleet.counters.readmissions).toBe(1);
    expect((await load(fleet, { perSecond: 200, seconds: 2 })).share('bad')).toBeGreaterThan(0.2);
  });

  it('while the probe is under way nobody else goes there', async () => {
    let isHanging = false;
    const fleet = createFleet({ bad: () => (isHanging ? undefined : { status: 503 }), b: good, c: good });
    await load(fleet, { perSecond: 200, seconds: 3 });
    isHanging = true;
    const before = fleet.sent.length;
    await load(fleet, { perSecond: 200, seconds: 9 });
    expect(fleet.sent.slice(before).filter(({ instance }) => instance === 'bad')).toHaveLength(1);
  });

  it('what was taken back begins anew: one more failure does not take it out again', async () => {
    let status = 503;
    const behaviours: Record<string, Behaviour> = { bad: () => ({ status }), b: good };
    const fleet = createFleet(behaviours, { ejection: { minAttempts: 5, baseMs: 100 }, balance: false });
    await load(fleet, { perSecond: 100, seconds: 1 });
    status = 200;
    const { ejections } = fleet.counters;
    while (fleet.counters.readmissions === 0) await load(fleet, { perSecond: 100, seconds: 0.01 });
    status = 500;
    while (fleet.requests.at(-1)?.outcome !== 'broken') await load(fleet, { perSecond: 100, seconds: 0.01 });
    expect(fleet.counters.ejections).toBe(ejections);
  });

  it('of ten of which seven fail half are left alone, and no more', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `i${i}`);
    const fleet = createFleet(Object.fromEntries(names.map((name, i) => [name, i < 7 ? () => ({ status: 503 }) : good])));
    await load(fleet, { perSecond: 200, seconds: 4 });
    const out = [...fleet.service.instances.values()].filter(({ health }) => health.breaker.kind !== 'closed');
    expect(out).toHaveLength(5);
  });

  it.each([500, 503])('nobody is left alone while all fail alike with %i, as after an hour that was good', async (status) => {
    const behaviours: Record<string, Behaviour> = { a: good, b: good };
    const fleet = createFleet(behaviours);
    await load(fleet, { perSecond: 100, seconds: 20 });
    behaviours.a = () => ({ status });
    behaviours.b = behaviours.a;
    await load(fleet, { perSecond: 100, seconds: 20 });
    expect(fleet.counters.ejections).toBe(0);
    behaviours.a = good;
    const { share } = await load(fleet, { perSecond: 100, seconds: 20 });
    expect(share('b')).toBeLessThan(0.05);
  });

  it('nobody is left alone when all stop answering, though one of them did so a moment before the others', async () => {
    const behaviours: Record<string, Behaviour> = { a: good, b: good };
    const fleet = createFleet(behaviours);
    const hammer = async (ms: number) => {
      for (let i = 0; i < ms / 5; i++) {
        for (let n = 0; n < 4; n++) void fleet.call({ timeoutMs: 1_000 });
        await fleet.pass(5);
      }
    };
    await hammer(5_000);
    behaviours.a = () => undefined;
    await hammer(100);
    behaviours.b = () => undefined;
    await hammer(4_000);
    expect(fleet.counters.deadlinesExceeded).toBeGreaterThan(100);
    expect(fleet.counters.ejections).toBe(0);
  });

  it.each([1, 40])(
    'who was left alone before the others failed as well, for %i s, is back within a second of when all is well',
    async (seconds) => {
      const down: Behaviour = () => ({ fail: 'refused' });
      const behaviours: Record<string, Behaviour> = { a: down, b: good };
      const fleet = createFleet(behaviours, { retry: false });
      await load(fleet, { perSecond: 200, seconds: 0.5 });
      expect(fleet.counters.ejections).toBe(1);
      behaviours.b = down;
      await load(fleet, { perSecond: 200, seconds });
      expect(fleet.counters.ejections).toBe(1);
      behaviours.a = good;
      behaviours.b = good;
      await load(fleet, { perSecond: 200, seconds: 1 });
      expect(fleet.counters.readmissions).toBe(1);
    },
  );

  it('who is dead gets two calls a second, and no more, while the other one fails often', async () => {
    let n = 0;
    const behaviours: Record<string, Behaviour> = { dead: () => ({ fail: 'refused' }), b: good };
    const fleet = createFleet(behaviours);
    await load(fleet, { perSecond: 200, seconds: 3 });
    behaviours.b = () => ({ status: n++ % 5 < 3 ? 500 : 200 });
    await load(fleet, { perSecond: 200, seconds: 10 });
    const before = fleet.sent.length;
    await load(fleet, { perSecond: 200, seconds: 10 });
    const dead = fleet.sent.slice(before).filter(({ instance }) => instance === 'dead').length;
    expect(dead).toBeGreaterThan(0);
    expect(dead).toBeLessThanOrEqual(21);
  });

  it('when fewer than half are left in the balance, all are used', async () => {
    const behaviours: Record<string, Behaviour> = { a: () => ({ status: 502 }), b: () => ({ status: 502 }), c: good, d: good };
    const fleet = createFleet(behaviours, { balance: false });
    await load(fleet, { perSecond: 200, seconds: 2 });
    expect(fleet.counters.ejections).toBe(2);
    behaviours.a = good;
    behaviours.b = good;
    const { share: half } = await load(fleet, { perSecond: 200, seconds: 1 });
    expect(half('a') + half('b')).toBe(0);
    fleet.directory.remove('d');
    const { share } = await load(fleet, { perSecond: 200, seconds: 1 });
    expect(share('a') + share('b')).toBeGreaterThan(0.4);
  });

  it('an instance that hangs is called no more once the first calls to it are late', async () => {
    const fleet = createFleet({ hung: () => undefined, b: good, c: good });
    const hammer = async (calls: number) => {
      const before = fleet.sent.length;
      for (let i = 0; i < calls; i++) {
        void fleet.call({ timeoutMs: 1_000 });
        await fleet.pass(5);
      }
      return fleet.sent.slice(before).filter(({ instance }) => instance === 'hung').length;
    };
    expect(await hammer(400)).toBeLessThan(20);
    expect(await hammer(1_000)).toBeLessThan(10);
    expect(fleet.requests.filter(({ outcome }) => outcome === 'down').length).toBeGreaterThan(0);
  });

  it('an instance that sheds is called less, and not left alone', async () => {
    const shed: Behaviour = () => ({ status: 503, headers: { 'express-micro-not-executed': '1' } });
    const fleet = createFleet({ shedding: shed, b: good, c: good });
    await load(fleet, { perSecond: 200, seconds: 5 });
    const { share } = await load(fleet, { perSecond: 200, seconds: 5 });
    expect(fleet.counters.ejections).toBe(0);
    expect(share('shedding')).toBeLessThan(0.05);
  });

  it('nobody is left alone where ejection is false', async () => {
    const fleet = createFleet({ bad: () => ({ status: 503 }), b: good }, { ejection: false });
    await load(fleet, { perSecond: 200, seconds: 5 });
    expect(fleet.counters.ejections).toBe(0);
  });
});
