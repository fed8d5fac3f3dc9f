import { describe, expect, it } from 'vitest';
import { type Behaviour, createFleet } from './fleet.test-support.ts';
import { LatencySketch } from './latency-sketch.ts';

const within =
  (afterMs: number, status = 200): Behaviour =>
  () => ({ afterMs, status });
/** The first attempt of all takes so long, every other one 5 ms. */
const firstTakes = (afterMs: number): Behaviour => {
  let calls = 0;
  return () => ({ afterMs: calls++ === 0 ? afterMs : 5 });
};
const sharing = (behaviour: Behaviour) => ({ a: behaviour, b: behaviour });

describe('a hedged call', () => {
  it('asks a second instance after so long, takes the first answer and calls the other one off', async () => {
    const fleet = createFleet(sharing(firstTakes(1_000)));
    const call = fleet.call({ hedge: { afterMs: 50 } });
    await fleet.pass(49);
    expect(fleet.sent).toHaveLength(1);
    await fleet.pass(10);
    expect(await call).toBe(200);
    expect(new Set(fleet.sent.map(({ instance }) => instance)).size).toBe(2);
    expect(fleet.sent[0]?.cancellation.reason?.message).toContain('answered first');
    expect(fleet.requests[0]?.instance?.id).toBe(fleet.sent[1]?.instance);
    expect(fleet.counters).toMatchObject({ hedges: 1, hedgesWon: 1, retries: 0, cancellations: 0 });
    const healths = [...fleet.service.instances.values()].map(({ health }) => [health.inFlight, health.running]);
    expect(healths).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(fleet.pending()).toBe(1);
  });

  it('is sent once where the first is quick enough, nobody else is there, or the call did not ask', async () => {
    const quick = createFleet(sharing(within(5)));
    void quick.call({ hedge: { afterMs: 50 } });
    const alone = createFleet({ a: within(500) });
    void alone.call({ hedge: { afterMs: 50 } });
    const plain = createFleet(sharing(within(500)));
    void plain.call({});
    void plain.call({ hedge: false });
    const off = createFleet(sharing(within(500)), { hedging: false });
    void off.call({ hedge: { afterMs: 50 } });
    for (const fleet of [quick, alone, plain, off]) await fleet.pass(1_000);
    expect([quick, alone, plain, off].map(({ sent, counters }) => sent.length + counters.hedges)).toEqual([1, 1, 2, 1]);
  });

  it('waits for the other one when the first answer is a failure, and fails when both do', async () => {
    let calls = 0;
    const fleet = createFleet(sharing(() => (calls++ === 0 ? { afterMs: 100 } : { afterMs: 5, status: 500 })));
    const call = fleet.call({ hedge: { afterMs: 50 } });
    await fleet.pass(200);
    expect(await call).toBe(200);
    expect(fleet.counters).toMatchObject({ hedges: 1, hedgesWon: 0 });
    const broken = createFleet(
      sharing(() => ({ afterMs: 60, fail: 'lost' })),
      { retry: false },
    );
    const lost = broken.call({ hedge: { afterMs: 50 } });
    await broken.pass(200);
    expect([await lost, broken.sent.length]).toEqual(['lost', 2]);
  });

  it('after a failure it is a matter of retries: at most one second attempt each', async () => {
    let isLosing = false;
    const behaviour: Behaviour = () => (isLosing ? { afterMs: 60, fail: 'lost' } : { afterMs: 1 });
    const five = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, behaviour]));
    const fleet = createFleet(five, { hedging: { maxExtraPercent: 100 } });
    for (let i = 0; i < 10; i++) void fleet.call();
    await fleet.pass(10);
    isLosing = true;
    void fleet.call({ hedge: { afterMs: 50 } });
    await fleet.pass(1_000);
    expect([fleet.sent.length - 10, fleet.counters.hedges, fleet.counters.retries]).toEqual([4, 1, 2]);
  });

  it('ends both attempts at the deadline', async () => {
    const fleet = createFleet(sharing(() => undefined));
    const call = fleet.call({ hedge: { afterMs: 50 }, timeoutMs: 100 });
    await fleet.pass(100);
    expect(await call).toBe('MESH_DEADLINE_EXCEEDED');
    expect(fleet.sent.map(({ cancellation }) => (cancellation.reason as { code?: string }).code)).toEqual([
      'MESH_DEADLINE_EXCEEDED',
      'MESH_DEADLINE_EXCEEDED',
    ]);
  });

  it('with hedge: true is asked a second time after the 95th percentile of what the function took, once that is known', async () => {
    let afterMs = 40;
    const fleet = createFleet(sharing(() => ({ afterMs })));
    for (let i = 0; i < 30; i++) {
      void fleet.call({ hedge: true });
      await fleet.pass(100);
      afterMs -= 1;
    }
    expect(fleet.counters.hedges).toBe(0);
    afterMs = 500;
    void fleet.call({ hedge: true });
    await fleet.pass(37);
    expect(fleet.counters.hedges).toBe(0);
    await fleet.pass(3);
    expect(fleet.counters.hedges).toBe(1);
  });

  it('adds at most 5 % to the calls of the last ten seconds', async () => {
    const fleet = createFleet(sharing(within(100)));
    for (let i = 0; i < 1_000; i++) {
      void fleet.call({ hedge: { afterMs: 20 } });
      await fleet.pass(10);
    }
    expect(fleet.counters.hedges).toBeLessThanOrEqual(50);
    expect(fleet.counters.hedges).toBeGreaterThan(40);
    await fleet.pass(60_000);
    void fleet.call({ hedge: { afterMs: 20 } });
    await fleet.pass(200);
    expect(fleet.counters.hedges).toBeLessThanOrEqual(51);
  });
});

describe('the latencies that are remembered', () => {
  it('say nothing before there are twenty, and forget what is older than the last 128', () => {
    const sketch = new LatencySketch();
    for (let i = 1; i < 20; i++) sketch.add(i);
    expect(sketch.percentile(95)).toBeUndefined();
    sketch.add(20);
    expect([sketch.percentile(95), sketch.percentile(95)]).toEqual([19, 19]);
    for (let i = 0; i < 128; i++) sketch.add(7);
    expect(sketch.percentile(95)).toBe(7);
  });
});
