import type { IncomingMessage } from 'node:http';
import type { Clock } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { createInFlight } from './in-flight.ts';
import type { Serving } from './serving.ts';
import { createShedding, type ResolvedShedding } from './shedding.ts';

const OPTIONS: ResolvedShedding = { minInFlight: 1, maxInFlight: 2, maxLoopDelayMs: 200, sparedPaths: ['/health'] };

function start() {
  let nowMs = 1_000;
  let tick: (() => void) | undefined;
  const clock = {
    monotonicMs: () => nowMs,
    every: (_ms: number, run: () => void) => {
      tick = run;
      return {
        stop: () => {
          tick = undefined;
        },
      };
    },
  } as unknown as Clock;
  const inFlight = createInFlight();
  const told: boolean[] = [];
  const shedding = createShedding(OPTIONS, { clock, inFlight, onOverload: (is) => told.push(is) });
  return {
    shedding,
    told,
    isTicking: () => tick !== undefined,
    refuses: (url = '/') => shedding.refuses({ url } as IncomingMessage, nowMs),
    begin() {
      const serving = { beganAtMs: nowMs, isHeld: false, req: {}, res: { statusCode: 200, writableFinished: true } } as Serving;
      inFlight.add(serving);
      return () => {
        inFlight.remove(serving);
        shedding.onEnd(serving, nowMs);
      };
    },
    /** In steps of the sampling, each so much too late. */
    pass(ms: number, lateMs = 0) {
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs += 100 + lateMs;
        tick?.();
      }
    },
  };
}

describe('shedding', () => {
  it('tells of an overload once, and of its end when nothing was refused for five seconds', () => {
    const { refuses, begin, pass, told } = start();
    const ends = [begin(), begin()];
    expect([refuses(), refuses(), told]).toEqual([true, true, [true]]);
    for (const end of ends) end();
    pass(4_000);
    expect([refuses(), told]).toEqual([false, [true]]);
    pass(1_200);
    expect(told).toEqual([true, false]);
  });

  it('does not count what is kept open for more than five seconds', () => {
    const { refuses, begin, pass } = start();
    refuses();
    const ends = [begin(), begin()];
    pass(5_000);
    expect(refuses()).toBe(true);
    pass(200);
    expect(refuses()).toBe(false);
    begin();
    for (const end of ends) end();
    expect(refuses()).toBe(false);
    begin();
    expect([refuses(), refuses('/health'), refuses('/health/live?x=1'), refuses('/healthy')]).toEqual([true, false, false, true]);
  });

  it('refuses what waited too long in an event loop that is late again and again', () => {
    const { shedding, refuses, pass } = start();
    const late = () => shedding.refuses({ url: '/' } as IncomingMessage, 0);
    expect([refuses(), late()]).toEqual([false, false]);
    pass(300, 250);
    expect(late()).toBe(false);
    pass(1_000, 250);
    expect([refuses(), late()]).toEqual([false, true]);
  });

  it('watches the event loop from the first request until it is closed', () => {
    const { shedding, refuses, isTicking } = start();
    expect(isTicking()).toBe(false);
    refuses();
    expect(isTicking()).toBe(true);
    shedding.close();
    refuses();
    expect(isTicking()).toBe(false);
  });
});
