import { describe, expect, it } from 'vitest';
import { type Behaviour, createFleet, load } from './fleet.test-support.ts';

const LIMITS = { bulkhead: { maxInFlight: 2, maxQueued: 2 } };
const healthOf = (fleet: ReturnType<typeof createFleet>) => fleet.service.instances.get('a')?.health;

describe('the bulkhead of an instance', () => {
  it('lets so many through, has so many wait in their order, and sends the next one nowhere', async () => {
    const fleet = createFleet({ a: () => ({ afterMs: 10 }) }, { ...LIMITS, retry: false });
    const ended: number[] = [];
    const calls = [0, 1, 2, 3, 4].map((n) =>
      fleet.call().then((result) => {
        ended.push(n);
        return result;
      }),
    );
    await fleet.pass(1);
    expect([fleet.sent.length, fleet.counters.queued, fleet.counters.bulkheadRefused]).toEqual([2, 2, 1]);
    await fleet.pass(30);
    expect(await Promise.all(calls)).toEqual([200, 200, 200, 200, 'MESH_OVERLOADED']);
    expect(ended).toEqual([4, 0, 1, 2, 3]);
    expect(healthOf(fleet)).toMatchObject({ running: 0, inFlight: 0, waiting: [] });
  });

  it('the one refused goes to another instance that has room, whatever its method is, and nowhere when none has', async () => {
    const hangs: Behaviour = () => ({ afterMs: 10_000 });
    const fleet = createFleet({ a: hangs, b: hangs }, { ...LIMITS, balance: false });
    const early: (number | string)[] = [];
    for (let i = 0; i < 8; i++) void fleet.call({}, { method: 'POST' }).then((result) => early.push(result));
    await fleet.pass(40);
    expect([fleet.sent.length, fleet.counters.queued, early]).toEqual([4, 4, []]);
    expect(fleet.counters.bulkheadRefused).toBeGreaterThan(0);
    const { retries } = fleet.counters;
    expect(await fleet.call({}, { method: 'POST' })).toBe('MESH_OVERLOADED');
    expect([fleet.counters.retries, fleet.counters.ejections]).toEqual([retries, 0]);
  });

  it('serves a line that stands from its end, and a newcomer who finds it full takes the place of the first', async () => {
    const fleet = createFleet({ a: () => ({ afterMs: 60 }) }, { ...LIMITS, retry: false });
    const ended: [number, number | string][] = [];
    const call = (n: number) => void fleet.call().then((result) => ended.push([n, result]));
    for (const n of [0, 1, 2, 3]) call(n);
    await fleet.pass(55);
    call(4);
    await fleet.pass(1);
    expect(ended).toEqual([[2, 'MESH_OVERLOADED']]);
    await fleet.pass(5);
    call(5);
    await fleet.pass(300);
    expect(ended.slice(1).map(([n]) => n)).toEqual([0, 1, 4, 3, 5]);
    expect(healthOf(fleet)).toMatchObject({ running: 0, inFlight: 0, waiting: [] });
  });

  it('a trial of fewer places than are held for good is over after a second', async () => {
    let held = 0;
    const fleet = createFleet(
      { a: () => (held++ < 25 ? undefined : { afterMs: 100 }) },
      { bulkhead: { maxInFlight: 40, maxQueued: 10 } },
    );
    await load(fleet, { perSecond: 400, seconds: 1 });
    expect(healthOf(fleet)).toMatchObject({ running: 25, line: { places: 20 } });
    await fleet.pass(1_000);
    void fleet.call();
    expect(healthOf(fleet)).toMatchObject({ waiting: [], line: { places: 40 } });
    const { results } = await load(fleet, { perSecond: 400, seconds: 1 });
    expect(results.filter((result) => result === 200).length).toBeGreaterThan(100);
  });

  it('in an overload of a second, half the places do as much, and the retry budget is not spent on it', async () => {
    let busyUntilMs = 0;
    const fleet: ReturnType<typeof createFleet> = createFleet({
      a: () => {
        const nowMs = fleet.clock.monotonicMs();
        busyUntilMs = Math.max(busyUntilMs, nowMs) + 2;
        return { afterMs: busyUntilMs - nowMs };
      },
    });
    const { results } = await load(fleet, { perSecond: 1_500, seconds: 1 });
    expect(results.filter((result) => result === 200).length).toBeGreaterThan(400);
    expect(healthOf(fleet)?.line?.places).toBe(25);
    expect(fleet.counters.retries).toBe(0);
    await fleet.pass(2_000);
    const burst = [1, 2, 3].map(() => fleet.call());
    await fleet.pass(10);
    expect(await Promise.all(burst)).toEqual([200, 200, 200]);
  });

  it('whoever waits leaves at his deadline, and the others keep their order', async () => {
    const fleet = createFleet({ a: () => ({ afterMs: 100 }) }, { bulkhead: { maxInFlight: 1, maxQueued: 3 } });
    const [first, late, last] = [fleet.call(), fleet.call({ timeoutMs: 50 }), fleet.call()];
    await fleet.pass(60);
    expect(await late).toBe('MESH_DEADLINE_EXCEEDED');
    expect(healthOf(fleet)?.waiting).toHaveLength(1);
    await fleet.pass(200);
    expect([await first, await last, fleet.sent.length]).toEqual([200, 200, 2]);
  });

  it('counts out what fails, and what ends before it begins', async () => {
    const behaviours: Record<string, Behaviour> = { a: () => ({ afterMs: 5, fail: 'lost' }) };
    const fleet = createFleet(behaviours, { ...LIMITS, retry: false, ejection: false });
    const abort = new AbortController();
    const calls = [fleet.call(), fleet.call(), fleet.call({ signal: abort.signal }), fleet.call()];
    await fleet.pass(1);
    abort.abort();
    await fleet.pass(20);
    expect(await Promise.all(calls)).toEqual(['lost', 'lost', 'MESH_CANCELLED', 'lost']);
    expect(healthOf(fleet)).toMatchObject({ running: 0, inFlight: 0, waiting: [] });
  });

  it('is not there where it is false', async () => {
    const fleet = createFleet({ a: () => ({ afterMs: 5 }) }, { bulkhead: false });
    for (let i = 0; i < 300; i++) void fleet.call();
    await fleet.pass(1);
    expect(fleet.sent).toHaveLength(300);
  });
});
