import { describe, expect, it } from 'vitest';
import type { TransportRequest } from '../transport/transport.ts';
import { type Behaviour, createFleet, serving } from './fleet.test-support.ts';

const never: Behaviour = () => undefined;
const within =
  (afterMs: number): Behaviour =>
  () => ({ afterMs });
/** What an attempt says that is left for it. */
const leftOf = (sent: TransportRequest | undefined) => sent?.own?.remainingMs;

describe('the deadline of a call', () => {
  it('is ten seconds, or what the call says, all attempts together', async () => {
    const fleet = createFleet({ a: never });
    const calls = [fleet.call(), fleet.call({ timeoutMs: 300 })];
    await fleet.pass(300);
    expect(await calls[1]).toBe('MESH_DEADLINE_EXCEEDED');
    await fleet.pass(9_699);
    expect(fleet.counters.deadlinesExceeded).toBe(1);
    await fleet.pass(1);
    expect(await calls[0]).toBe('MESH_DEADLINE_EXCEEDED');
    expect(fleet.counters.deadlinesExceeded).toBe(2);
  });

  it('each attempt says how many whole milliseconds are left, and never none', async () => {
    const fleet = createFleet({ a: () => ({ afterMs: 400, fail: 'lost' }) });
    void fleet.call({ timeoutMs: 1_000.9 });
    await fleet.pass(2_000);
    const told = fleet.sent.map((sent) => leftOf(sent) ?? Number.NaN);
    expect(told[0]).toBe(1_000);
    expect(told[1]).toBeLessThanOrEqual(600);
    expect(told[1]).toBeGreaterThanOrEqual(575);
    void fleet.call({ timeoutMs: 0.5 });
    await fleet.pass(10);
    expect(leftOf(fleet.sent.at(-1))).toBe(1);
  });

  it('ends a call that waits for its next attempt, or for a place', async () => {
    const fleet = createFleet({ a: () => ({ fail: 'refused' }) }, { retry: { baseDelayMs: 60_000, maxDelayMs: 60_000 } });
    const abort = new AbortController();
    const waiting = fleet.call({ timeoutMs: 100_000, signal: abort.signal });
    await fleet.pass(10);
    abort.abort();
    await fleet.pass(0);
    expect(await waiting).toBe('MESH_CANCELLED');
    expect([fleet.pending(), fleet.counters.cancellations]).toEqual([1, 1]);
    const full = createFleet({ a: never }, { bulkhead: { maxInFlight: 1 } });
    void full.call();
    const queued = full.call({ timeoutMs: 50 });
    await full.pass(50);
    expect([await queued, full.sent.length]).toEqual(['MESH_DEADLINE_EXCEEDED', 1]);
  });
});

describe('a call made for a request that is being served', () => {
  it('has no more time than that has left, and says so', async () => {
    const fleet = createFleet({ a: never });
    const { context, listeners } = serving(fleet.clock, 200);
    const call = fleet.call({}, { context });
    await fleet.pass(199);
    expect(fleet.counters.deadlinesExceeded).toBe(0);
    expect(leftOf(fleet.sent[0])).toBe(200);
    await fleet.pass(1);
    expect(await call).toBe('MESH_DEADLINE_EXCEEDED');
    expect(fleet.requests[0]?.cancellation.reason).toMatchObject({
      details: { isInherited: true },
      message: expect.stringContaining('the request being served'),
    });
    expect(listeners.count).toBe(0);
  });

  it('keeps its own time where that is shorter', async () => {
    const fleet = createFleet({ a: never });
    const { context, listeners } = serving(fleet.clock, 20_000);
    const call = fleet.call({ timeoutMs: 100 }, { context });
    await fleet.pass(100);
    expect(await call).toBe('MESH_DEADLINE_EXCEEDED');
    expect(leftOf(fleet.sent[0])).toBe(100);
    expect(listeners.count).toBe(0);
  });

  it('is not sent when nothing is left, nor when its signal is aborted already', async () => {
    const fleet = createFleet({ a: never });
    const { context } = serving(fleet.clock, 100);
    await fleet.pass(100);
    expect(await fleet.call({}, { context })).toBe('MESH_DEADLINE_EXCEEDED');
    expect(await fleet.call({ signal: AbortSignal.abort() })).toBe('MESH_CANCELLED');
    expect([fleet.sent.length, fleet.counters.deadlinesExceeded, fleet.counters.cancellations]).toEqual([0, 1, 1]);
  });

  it('ends when the caller goes away, and is not tried again', async () => {
    const fleet = createFleet({ a: never, b: never });
    const { context, gone, listeners } = serving(fleet.clock);
    const call = fleet.call({}, { context });
    await fleet.pass(10);
    gone();
    await fleet.pass(100);
    expect(await call).toBe('MESH_CANCELLED');
    expect(fleet.requests[0]?.cancellation.reason?.message).toContain('went away');
    expect([fleet.sent.length, fleet.counters.cancellations, listeners.count]).toEqual([1, 1, 0]);
    expect(await fleet.call({}, { context })).toBe('MESH_CANCELLED');
  });

  it('leaves no listener behind when it is answered', async () => {
    const fleet = createFleet({ a: within(5) });
    const { context, listeners } = serving(fleet.clock, 1_000);
    const calls = Array.from({ length: 20 }, () => fleet.call({}, { context }));
    expect(listeners.count).toBe(20);
    await fleet.pass(10);
    expect(await Promise.all(calls)).toEqual(calls.map(() => 200));
    expect(listeners.count).toBe(0);
  });
});
