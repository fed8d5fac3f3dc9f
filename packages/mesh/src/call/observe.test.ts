import type { AttemptEnd, CallEnd, CallObserver, Context, ObservedAttempt, ObservedCall } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { type Behaviour, createFleet } from './fleet.test-support.ts';

const context: Context = {
  requestId: 'r',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'a=1',
  caller: undefined,
  lifetime: undefined,
};

/** Writes down all that it hears. */
function recorder(headers?: Record<string, string>) {
  const heard = {
    calls: [] as ObservedCall[],
    attempts: [] as ObservedAttempt[],
    attemptEnds: [] as AttemptEnd[],
    ends: [] as CallEnd[],
  };
  const observer: CallObserver = {
    begin(call) {
      heard.calls.push(call);
      return {
        attempt(attempt) {
          heard.attempts.push(attempt);
          return { headers, end: (end) => void heard.attemptEnds.push(end) };
        },
        end: (end) => void heard.ends.push(end),
      };
    },
  };
  return { ...heard, observer };
}

/** Refused the first time, 200 from then on. */
const secondTime = (): Behaviour => {
  let calls = 0;
  return () => (calls++ === 0 ? { afterMs: 5, fail: 'refused' } : { afterMs: 5, status: 200 });
};

describe('who observes calls', () => {
  it('hears of a call, of each attempt, and how each ended', async () => {
    const fleet = createFleet({ a: secondTime() });
    const seen = recorder();
    fleet.observers.add(seen.observer);
    const call = fleet.call();
    await fleet.pass(1_000);
    expect(await call).toBe(200);
    expect(seen.calls).toMatchObject([{ service: fleet.service.name, function: 'getPens', method: 'GET', requestId: 'r' }]);
    expect(seen.attempts.map(({ number, instance }) => [number, instance])).toEqual([
      [1, 'a'],
      [2, 'a'],
    ]);
    expect(seen.attemptEnds).toMatchObject([
      { status: undefined, errorType: 'MESH_SERVICE_UNAVAILABLE', durationMs: 5 },
      { status: 200, errorType: undefined, durationMs: 5 },
    ]);
    expect(seen.ends).toMatchObject([{ status: 200, errorType: undefined, attempts: 2, instance: 'a' }]);
    expect(seen.ends[0]?.durationMs).toBeGreaterThan(10);
  });

  it('is told the code of what the caller is told', async () => {
    const fleet = createFleet({ a: () => ({ fail: 'refused' }) }, { retry: false });
    const seen = recorder();
    fleet.observers.add(seen.observer);
    const call = fleet.call();
    await fleet.pass(1_000);
    await call;
    expect(seen.attemptEnds).toMatchObject([{ status: undefined, errorType: 'MESH_SERVICE_UNAVAILABLE' }]);
    expect(seen.ends).toMatchObject([{ status: undefined, errorType: 'MESH_SERVICE_UNAVAILABLE', attempts: 1 }]);
  });

  it('may send headers with an attempt, in the place of those of the context', async () => {
    const fleet = createFleet({ a: () => ({ status: 200 }) });
    const stop = fleet.observers.add(recorder({ traceparent: '00-mine' }).observer);
    void fleet.call({}, { context });
    await fleet.pass(100);
    expect(fleet.sent[0]?.headers.join(' ')).toContain('traceparent 00-mine');
    expect(fleet.sent[0]?.headers.join(' ')).not.toContain('4bf92f');
    stop();
    fleet.observers.add(recorder().observer);
    void fleet.call({}, { context });
    await fleet.pass(100);
    expect(fleet.sent[1]?.headers.join(' ')).toContain(`traceparent ${context.traceparent} tracestate a=1`);
  });

  it('sees both attempts of a hedged call, and the loser as called off', async () => {
    let calls = 0;
    const slowThenQuick: Behaviour = () => ({ afterMs: calls++ === 0 ? 1_000 : 5, status: 200 });
    const fleet = createFleet({ a: slowThenQuick, b: slowThenQuick });
    const seen = recorder();
    fleet.observers.add(seen.observer);
    const call = fleet.call({ hedge: { afterMs: 50 } });
    await fleet.pass(2_000);
    expect(await call).toBe(200);
    expect(seen.attempts).toHaveLength(2);
    expect(seen.attemptEnds.map(({ status }) => status).toSorted()).toEqual([200, undefined]);
    expect(seen.ends).toHaveLength(1);
  });

  it('disturbs nothing: what it does wrong is logged once, and the call goes on', async () => {
    const fleet = createFleet({ a: () => ({ status: 200 }) });
    const wrong = () => {
      throw new Error('my own affair');
    };
    fleet.observers.add({ begin: wrong });
    fleet.observers.add({ begin: () => ({ attempt: wrong, end: wrong }) });
    const seen = recorder();
    fleet.observers.add(seen.observer);
    const call = fleet.call();
    await fleet.pass(100);
    expect(await call).toBe(200);
    expect(seen.ends).toHaveLength(1);
    expect(fleet.events.filter((event) => event.includes('my own affair'))).toHaveLength(1);
  });

  it('costs nothing when it is gone: the chain is the plain one again', async () => {
    const fleet = createFleet({ a: () => ({ status: 200 }) });
    const seen = recorder();
    const stop = fleet.observers.add(seen.observer);
    expect(fleet.observers.current).toHaveLength(1);
    stop();
    stop();
    expect(fleet.observers.current).toBeUndefined();
    void fleet.call();
    await fleet.pass(100);
    expect(fleet.requests[0]?.watches).toBeUndefined();
    expect(seen.calls).toEqual([]);
  });
});
