import { Readable } from 'node:stream';
import { systemClock } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { type Behaviour, createFleet } from './fleet.test-support.ts';
import { decideRetry, type Fate, fateOfAnswer, fateOfFailure, readRetryAfter } from './retry-decision.ts';

const TUNABLES = { maxAttempts: 3, baseDelayMs: 25, maxDelayMs: 250, budgetPercent: 20, budgetPerSecond: 3 };
const FACTS = { isIdempotent: true, canResend: true, hasAnother: true, hasRoom: true, attempts: 1, remainingMs: 10_000 };

const answers =
  (status: number, headers = {}): Behaviour =>
  () => ({ status, headers, afterMs: 1 });
const fails =
  (fail: 'refused' | 'unreachable' | 'lost', hadHead = false): Behaviour =>
  () => ({ fail, hadHead, afterMs: 1 });
const SHED = { 'express-micro-not-executed': '1' };

/** What a call of two failing instances comes to, and how often it was tried. */
async function attemptsOf(behaviour: Behaviour, method = 'GET', options = {}, body?: Readable) {
  const fleet = createFleet({ a: behaviour, b: behaviour });
  const result = fleet.call(options, { method, body });
  await fleet.pass(20_000);
  return [await result, fleet.sent.length, new Set(fleet.sent.map(({ instance }) => instance)).size];
}

describe('what is tried again', () => {
  it.each([
    ['refused', 'POST', fails('refused'), 'refused'],
    ['no route to it', 'PATCH', fails('unreachable'), 'unreachable'],
    ['503, marked as not executed', 'POST', answers(503, SHED), 503],
    ['401, marked as not executed', 'POST', answers(401, SHED), 'refused'],
    ['lost before the head of an answer, GET', 'GET', fails('lost'), 'lost'],
    ['lost before the head of an answer, DELETE', 'DELETE', fails('lost'), 'lost'],
    ['503 with Retry-After, PUT', 'PUT', answers(503, { 'retry-after': '0' }), 503],
    ['429 with Retry-After, HEAD', 'HEAD', answers(429, { 'retry-after': '1' }), 429],
  ])('%s: three times, on both instances', async (_name, method, behaviour, result) => {
    expect(await attemptsOf(behaviour, method)).toEqual([result, 3, 2]);
  });

  it.each([
    ['lost, POST', 'POST', fails('lost'), 'lost'],
    ['lost, PATCH', 'PATCH', fails('lost'), 'lost'],
    ['lost after the head of an answer, GET', 'GET', fails('lost', true), 'lost'],
    ['500', 'GET', answers(500), 500],
    ['502', 'GET', answers(502), 502],
    ['404', 'GET', answers(404), 404],
    ['401 of the app itself', 'GET', answers(401), 401],
    ['503 without a word', 'GET', answers(503), 503],
    ['503 with Retry-After, POST', 'POST', answers(503, { 'retry-after': '0' }), 503],
    ['500 with Retry-After', 'GET', answers(500, { 'retry-after': '0' }), 500],
    ['Retry-After beyond the deadline', 'GET', answers(503, { 'retry-after': '60' }), 503],
    ['Retry-After that nobody can read', 'GET', answers(429, { 'retry-after': 'soon' }), 429],
  ])('%s: not at all', async (_name, method, behaviour, result) => {
    expect(await attemptsOf(behaviour, method)).toEqual([result, 1, 1]);
  });

  it('an idempotency key makes a lost POST one that may be repeated', async () => {
    expect(await attemptsOf(fails('lost'), 'POST', { idempotencyKey: 'k' })).toEqual(['lost', 3, 2]);
  });

  it('a stream that began to flow is not sent again; one that nobody touched is', async () => {
    const untouched = Readable.from(['a', 'b']);
    expect(await attemptsOf(fails('refused'), 'POST', {}, untouched)).toEqual(['refused', 3, 2]);
    const begun = Readable.from(['a', 'b']);
    begun.read();
    await new Promise((resolve) => begun.once('readable', resolve));
    begun.read();
    expect(await attemptsOf(fails('refused'), 'POST', {}, begun)).toEqual(['refused', 1, 1]);
  });

  it('one that answers at last is the answer, and each attempt but the first is told', async () => {
    const fleet = createFleet({ a: fails('refused'), b: answers(200) }, { ejection: false });
    const results = Array.from({ length: 30 }, () => fleet.call());
    await fleet.pass(1_000);
    expect(new Set(await Promise.all(results))).toEqual(new Set([200]));
    expect(fleet.counters.retries).toBe(fleet.sent.length - 30);
    expect(fleet.events.filter((event) => event === 'retry a: refused')).toHaveLength(fleet.counters.retries);
    expect(fleet.counters.retries).toBeGreaterThan(0);
    // Nobody came to the one that refused a second time.
    expect(fleet.requests.every(({ attempts }) => attempts <= 2)).toBe(true);
  });

  it('the only instance is tried again where nothing was executed, and the one that was named too', async () => {
    const only = createFleet({ a: fails('refused') });
    void only.call();
    await only.pass(1_000);
    expect(only.sent).toHaveLength(3);
    const named = createFleet({ a: fails('refused'), b: answers(200) });
    void named.call({ instance: 'a' });
    await named.pass(1_000);
    expect(named.sent.map(({ instance }) => instance)).toEqual(['a', 'a', 'a']);
  });

  it('nothing is, where retry is false', async () => {
    const fleet = createFleet({ a: fails('refused'), b: fails('refused') }, { retry: false });
    void fleet.call();
    await fleet.pass(1_000);
    expect(fleet.sent).toHaveLength(1);
  });
});

describe('the decision', () => {
  const refused: Fate = { kind: 'not-executed', reason: 'refused' };

  it('waits by full jitter, 25 ms at first and twice that each time, up to 250', () => {
    const waits = (chance: number) =>
      [1, 2, 3, 4, 5, 6].map((attempts) =>
        decideRetry({ ...FACTS, fate: refused, attempts }, { ...TUNABLES, maxAttempts: 9 }, chance),
      );
    expect(waits(1)).toEqual([25, 50, 100, 200, 250, 250]);
    expect(waits(0)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('respects Retry-After as the least wait, of an instance that shed only where there is no other', () => {
    const later: Fate = { kind: 'later', reason: '', retryAfterMs: 2_000 };
    expect(decideRetry({ ...FACTS, fate: later }, TUNABLES, 0.5)).toBe(2_000);
    expect(decideRetry({ ...FACTS, fate: later, remainingMs: 2_000 }, TUNABLES, 0.5)).toBeUndefined();
    const shed: Fate = { kind: 'not-executed', reason: '', retryAfterMs: 2_000 };
    expect(decideRetry({ ...FACTS, fate: shed }, TUNABLES, 0.5)).toBe(12.5);
    expect(decideRetry({ ...FACTS, fate: shed, hasAnother: false }, TUNABLES, 0.5)).toBe(2_000);
  });

  it('does not go where an overload makes calls wait, for overload; a refused connection is another matter', () => {
    const tries = (fate: Fate) => decideRetry({ ...FACTS, fate, hasRoom: false }, TUNABLES, 0);
    expect(tries({ kind: 'not-executed', reason: '', retryAfterMs: 1_000 })).toBeUndefined();
    expect(tries({ kind: 'not-sent', reason: '' })).toBeUndefined();
    expect(tries({ kind: 'not-executed', reason: 'refused' })).toBe(0);
  });

  it('reads Retry-After in seconds and as a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(readRetryAfter('120', now)).toBe(120_000);
    expect(readRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5_000);
    expect(readRetryAfter('Wed, 31 Dec 2025 23:59:00 GMT', now)).toBe(0);
    for (const odd of ['', 'soon', '-1', '1.5', '9'.repeat(20), ['1', '2'], undefined]) {
      expect(readRetryAfter(odd as string, now)).toBeUndefined();
    }
  });

  it('knows what never left this process, and what was called off', () => {
    const overloaded = Object.assign(new Error('x'), { code: 'MESH_OVERLOADED', [Symbol.for('express-micro.error')]: true });
    const fate = fateOfFailure(overloaded);
    expect(fate.kind).toBe('not-sent');
    expect(decideRetry({ ...FACTS, fate, isIdempotent: false }, TUNABLES, 0)).toBe(0);
    expect(decideRetry({ ...FACTS, fate, hasAnother: false }, TUNABLES, 0)).toBeUndefined();
    expect(fateOfFailure(new Error('anything else')).kind).toBe('final');
    expect(fateOfAnswer({ status: 200 } as never, systemClock).kind).toBe('final');
  });
});

describe('the retry budget', () => {
  const lost = { a: fails('lost'), b: fails('lost') };

  it('bursty: of a hundred calls at once thirty retries and a fifth of the calls go through, and the rest fails as it is', async () => {
    const fleet = createFleet(lost, { ejection: false });
    const results = Array.from({ length: 100 }, () => fleet.call());
    await fleet.pass(1_000);
    expect(new Set(await Promise.all(results))).toEqual(new Set(['lost']));
    expect(fleet.counters.retries).toBe(50);
    expect(fleet.counters.retriesRefused).toBeGreaterThan(0);
    expect(fleet.requests.filter(({ isBudgetSpent }) => isBudgetSpent)).toHaveLength(fleet.counters.retriesRefused);
  });

  it('sparse: few calls are never refused', async () => {
    const fleet = createFleet(lost, { ejection: false });
    for (let i = 0; i < 40; i++) {
      void fleet.call();
      await fleet.pass(1_000);
    }
    expect([fleet.counters.retries, fleet.counters.retriesRefused]).toEqual([80, 0]);
  });

  it('a service that is down for long gets 1.2 attempts a call and 3 a second, not three times the load', async () => {
    const fleet = createFleet(lost, { ejection: false });
    for (let i = 0; i < 2_000; i++) {
      void fleet.call();
      await fleet.pass(10);
    }
    expect(fleet.sent.length / 2_000).toBeLessThan(1.2 + 0.06);
    expect(fleet.sent.length / 2_000).toBeGreaterThan(1.15);
  });

  it('idle, then resumed: what was spent long ago counts no more', async () => {
    const fleet = createFleet(lost, { ejection: false });
    for (let i = 0; i < 100; i++) void fleet.call();
    await fleet.pass(60_000);
    const { retries } = fleet.counters;
    void fleet.call();
    await fleet.pass(1_000);
    expect(fleet.counters.retries).toBe(retries + 2);
  });
});
