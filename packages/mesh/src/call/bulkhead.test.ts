import { describe, expect, it } from 'vitest';
import { type Behaviour, createFleet } from './fleet.test-support.ts';

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

  it('the one refused goes to another instance, whatever its method is', async () => {
    const fleet = createFleet({ a: () => ({ afterMs: 1_000 }), b: () => ({ afterMs: 1_000 }) }, LIMITS);
    for (let i = 0; i < 8; i++) void fleet.call();
    await fleet.pass(1);
    const refused = fleet.call({}, { method: 'POST' });
    await fleet.pass(100);
    expect(await refused).toBe('MESH_OVERLOADED');
    expect(fleet.counters.bulkheadRefused).toBeGreaterThanOrEqual(2);
    expect(fleet.counters.ejections).toBe(0);
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
