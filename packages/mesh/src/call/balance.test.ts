import { describe, expect, it } from 'vitest';
import { createInstanceHealth } from '../directory/health.ts';
import { type Behaviour, createFleet, load } from './fleet.test-support.ts';
import { latencyAfter, latencyNow } from './latency.ts';
import { costOf } from './pick.ts';

const TUNABLES = { decayMs: 10_000, slowStartMs: 10_000, failurePenaltyMs: 1_000 };
const within =
  (afterMs: number): Behaviour =>
  () => ({ afterMs });
const at = (nowMs: number) => createInstanceHealth(nowMs);

describe('peak-EWMA', () => {
  it('takes a slow answer at once, and forgets it over ten seconds whether or not there are others', () => {
    expect(latencyAfter(5, 0, 500, 1_000, 10_000)).toBe(500);
    expect(latencyNow(500, 0, 10_000, 10_000)).toBeCloseTo(500 / Math.E);
    expect(latencyAfter(500, 0, 5, 10_000, 10_000)).toBeCloseTo(500 / Math.E + 5 * (1 - 1 / Math.E));
  });

  it('hardly moves for many answers in a moment, and not at all when the clock steps back', () => {
    let latencyMs = 100;
    for (let i = 0; i < 100; i++) latencyMs = latencyAfter(latencyMs, i * 0.1, 1, (i + 1) * 0.1, 10_000);
    expect(latencyMs).toBeGreaterThan(99.8);
    expect(latencyAfter(100, 5_000, 1, 4_000, 10_000)).toBe(100);
  });

  it('after a long quiet nothing is left of it', () => {
    expect(latencyNow(500, 0, 200_000, 10_000)).toBeLessThan(0.001);
  });
});

describe('the cost of one more call', () => {
  it('is the latency times those that wait', () => {
    const health = { ...at(0), latencyMs: 20, latencyAtMs: 50_000, inFlight: 4 };
    expect(costOf(health, 50_000, TUNABLES)).toBe(100);
  });

  it('is ten times as high for a newcomer, and falls to its own within ten seconds', () => {
    const health = { ...at(50_000), latencyMs: 0 };
    expect([0, 500, 5_000, 10_000].map((ms) => costOf(health, 50_000 + ms, TUNABLES))).toEqual([100, 100, 20, 10]);
  });

  it('rises with the third power of the share of failures, half of it for what was shed, once it was watched for 3 s', () => {
    const costWith = (good: number, failed: number, shed: number, failingSinceMs = 47_000) => {
      const health = { ...at(0), failingSinceMs };
      for (let i = 0; i < good + failed; i++) health.recent.add(0, 50_000);
      for (let i = 0; i < failed; i++) health.recent.add(1, 50_000);
      for (let i = 0; i < shed; i++) health.recent.add(2, 50_000);
      return costOf(health, 50_000, TUNABLES);
    };
    expect(costWith(0, 100, 0)).toBe(1_010);
    expect(costWith(90, 10, 0)).toBeCloseTo(11);
    expect(costWith(99, 1, 0)).toBeCloseTo(10.001);
    expect(costWith(0, 1, 0)).toBe(25.625);
    expect(costWith(0, 0, 100)).toBe(135);
    expect(costWith(0, 100, 0, 47_001)).toBe(10);
  });
});

describe.each([
  [2, 50],
  [3, 20],
  [3, 500],
  [5, 100],
])('%i instances at %i calls a second', (count, perSecond) => {
  const fleetWith = (odd: Behaviour, options = {}) => {
    const good = Array.from({ length: count - 1 }, (_, i) => [`good-${i}`, within(5)]);
    return createFleet({ odd, ...Object.fromEntries(good) }, options);
  };

  it('one that is slower by half a second has less than 5 % after five seconds', async () => {
    const fleet = fleetWith(within(505));
    await load(fleet, { perSecond, seconds: 5 });
    const { share } = await load(fleet, { perSecond, seconds: 10 });
    expect(share('odd')).toBeLessThan(0.05);
  });

  it('one that answers 500 at once has less than 2 % after five seconds, with and without ejection', async () => {
    for (const options of [{}, { ejection: false }]) {
      const fleet = fleetWith(() => ({ afterMs: 0, status: 500 }), options);
      const first = await load(fleet, { perSecond, seconds: 5 });
      expect(first.share('odd')).toBeLessThan(1 / count);
      const { share } = await load(fleet, { perSecond, seconds: 10 });
      expect(share('odd')).toBeLessThan(0.02);
    }
  });

  it('without balancing it keeps its part', async () => {
    const fleet = fleetWith(within(505), { balance: false, bulkhead: false });
    const { share } = await load(fleet, { perSecond, seconds: 5 });
    expect(share('odd')).toBeGreaterThan(0.5 / count);
  });

  it('one failure now and then costs an instance little', async () => {
    let calls = 0;
    const fleet = fleetWith(() => ({ afterMs: 5, status: calls++ % 50 === 0 ? 500 : 200 }));
    await load(fleet, { perSecond, seconds: 15 });
    const { share } = await load(fleet, { perSecond, seconds: 10 });
    expect(share('odd')).toBeGreaterThan(0.35 / count);
  });
});

describe('who is picked', () => {
  it('a newcomer grows into its share', async () => {
    const behaviours: Record<string, Behaviour> = { a: within(5), b: within(5) };
    const fleet = createFleet(behaviours);
    await load(fleet, { perSecond: 200, seconds: 12 });
    behaviours.late = within(5);
    fleet.add('late');
    const first = await load(fleet, { perSecond: 200, seconds: 1 });
    await load(fleet, { perSecond: 200, seconds: 10 });
    const then = await load(fleet, { perSecond: 200, seconds: 2 });
    expect(first.share('late')).toBeLessThan(0.1);
    expect(then.share('late')).toBeGreaterThan(0.25);
  });

  it('a doubtful one only where there is nobody else', async () => {
    const fleet = createFleet({ a: within(1), b: within(1) });
    const [a, b] = [...fleet.service.instances.values()];
    if (a !== undefined) a.isDoubtful = true;
    expect((await load(fleet, { perSecond: 50, seconds: 1 })).share('a')).toBe(0);
    if (b !== undefined) b.isDoubtful = true;
    expect((await load(fleet, { perSecond: 50, seconds: 1 })).share('a')).toBeGreaterThan(0.2);
  });

  it('an instance that was named is called, whatever is known of it', async () => {
    const fleet = createFleet({ a: () => ({ status: 503 }), b: within(1) });
    for (let i = 0; i < 20; i++) {
      void fleet.call({ instance: 'a' });
      await fleet.pass(10);
    }
    expect(fleet.sent.every(({ instance }) => instance === 'a')).toBe(true);
  });

  it('failing fast does not make an instance fast', async () => {
    let isFailing = false;
    const fleet = createFleet({ a: () => (isFailing ? { afterMs: 0, status: 500 } : { afterMs: 50 }) });
    void fleet.call();
    await fleet.pass(100);
    isFailing = true;
    for (let i = 0; i < 20; i++) {
      void fleet.call();
      await fleet.pass(1_000);
    }
    expect(fleet.service.instances.get('a')?.health.latencyMs).toBeCloseTo(50 / 3);
  });

  it('one slow answer of a new instance is no peak; one of an instance that is known is', async () => {
    let afterMs = 3;
    const fleet = createFleet({ a: () => ({ afterMs }), b: within(3) });
    const latencyOf = () => fleet.service.instances.get('a')?.health.latencyMs;
    const answer = async (ms: number) => {
      afterMs = ms;
      void fleet.call({ instance: 'a' });
      await fleet.pass(1_000);
    };
    await answer(30);
    expect(latencyOf()).toBeCloseTo(10);
    await fleet.pass(10_000);
    await answer(30);
    expect(latencyOf()).toBe(30);
  });

  it('what is known of an instance outlasts a change of the directory, and its calls are counted out', async () => {
    const fleet = createFleet({ a: within(5), b: within(5) });
    const health = fleet.service.instances.get('a')?.health;
    const call = fleet.call();
    fleet.add('a');
    await fleet.pass(100);
    await call;
    expect(fleet.service.instances.get('a')?.health).toBe(health);
    expect([...fleet.service.instances.values()].map((one) => one.health.inFlight)).toEqual([0, 0]);
  });
});
