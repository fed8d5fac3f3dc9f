import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cancellation } from './cancellation.ts';
import { systemClock } from './clock.ts';
import { settlesWithin } from './closing.ts';
import { currentContext, isRequestId, keepContext, runInContext } from './context.ts';
import { isMicroError, MicroError } from './errors.ts';
import { parseUntrustedJson } from './json.ts';
import { consoleLog } from './log.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('MicroError', () => {
  it('has the status of its kind, or its own, and never exposes its text', () => {
    const error = new MicroError({ code: 'X_GONE', kind: 'unavailable', message: 'gone', cause: new Error('why') });
    expect(error).toMatchObject({
      name: 'MicroError',
      code: 'X_GONE',
      status: 503,
      statusCode: 503,
      expose: false,
      retryable: true,
      details: {},
    });
    expect((error.cause as Error).message).toBe('why');
    expect(new MicroError({ code: 'X', kind: 'internal', message: 'm', status: 418 })).toMatchObject({
      status: 418,
      retryable: false,
    });
  });

  it('is recognised across copies of the package, by its symbol and not by its class', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('express-micro.error')]: true });
    expect([isMicroError(foreign), isMicroError(new MicroError({ code: 'X', kind: 'internal', message: 'm' }))]).toEqual([
      true,
      true,
    ]);
    expect([isMicroError(new Error('x')), isMicroError(null), isMicroError('x'), isMicroError(undefined)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('Cancellation', () => {
  it('tells the first reason once, also to who listens later, and to nobody who has stopped listening', () => {
    const cancellation = new Cancellation();
    const heard: string[] = [];
    cancellation.listen(() => heard.push('replaced'));
    cancellation.listen((reason) => heard.push(reason.message));
    cancellation.cancel(new Error('first'));
    cancellation.cancel(new Error('second'));
    cancellation.listen((reason) => heard.push(`late ${reason.message}`));
    expect(heard).toEqual(['first', 'late first']);
    const quiet = new Cancellation();
    quiet.listen(() => heard.push('never'));
    quiet.listen(undefined);
    quiet.cancel(new Error('x'));
    expect(heard).toHaveLength(2);
  });
});

describe('context', () => {
  const context = { requestId: 'r-1', traceparent: undefined, tracestate: undefined, caller: undefined, lifetime: undefined };

  it('is kept from the moment when somebody can ask for it: in the request that does so, too', async () => {
    vi.resetModules();
    vi.stubGlobal('process', { ...process, versions: { ...process.versions, node: '20.20.2' } });
    const fresh = await import('./context.ts');
    vi.unstubAllGlobals();
    expect(await fresh.runInContext(context, async () => fresh.currentContext())).toBeUndefined();
    const asked = await fresh.runInContext(context, async () => {
      fresh.keepContext();
      await new Promise((resolve) => setImmediate(resolve));
      return fresh.currentContext()?.requestId;
    });
    expect(asked).toBe('r-1');
    const later = { ...context, requestId: 'r-2' };
    expect(await fresh.runInContext(later, async () => fresh.currentContext()?.requestId)).toBe('r-2');
  });

  it('follows promises, timers and callbacks, and ends with the request', async () => {
    keepContext();
    const seen = await runInContext(context, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentContext()?.requestId;
    });
    expect([seen, currentContext()]).toEqual(['r-1', undefined]);
  });

  it('takes request ids of 1 to 128 safe characters', () => {
    expect(['a', 'A.b-c_9', 'x'.repeat(128)].every(isRequestId)).toBe(true);
    expect(['', 'a b', 'a\n', 'ä', 'x'.repeat(129), 7, undefined, ['a']].some(isRequestId)).toBe(false);
  });
});

describe('settlesWithin', () => {
  it('settlesWithin says whether it was in time; a rejection is an end too', async () => {
    vi.useFakeTimers();
    expect(await settlesWithin(systemClock, 50, Promise.reject(new Error('x')))).toBe(true);
    const late = settlesWithin(systemClock, 50, new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(51);
    expect(await late).toBe(false);
  });
});

describe('systemClock', () => {
  it('keeps no process alive, and cuts what Node would turn into no wait at all', () => {
    vi.useFakeTimers();
    let fired = 0;
    const timer = systemClock.after(2 ** 40, () => (fired += 1));
    vi.advanceTimersByTime(10_000);
    expect(fired).toBe(0);
    timer.stop();
    timer.stop();
    const beat = systemClock.every(10, () => (fired += 1));
    vi.advanceTimersByTime(35);
    beat.stop();
    vi.advanceTimersByTime(100);
    expect(fired).toBe(3);
  });
});

describe('parseUntrustedJson', () => {
  it('refuses keys that reach a prototype at any depth, and depth itself', () => {
    expect(parseUntrustedJson('{"a":[{"b":1}]}')).toEqual({ a: [{ b: 1 }] });
    for (const key of ['__proto__', 'constructor', 'prototype'])
      expect(() => parseUntrustedJson(`[{"a":{"${key}":1}}]`)).toThrow(key);
    expect(() => parseUntrustedJson('['.repeat(33) + ']'.repeat(33))).toThrow('nested too deep');
    expect(() => parseUntrustedJson('{')).toThrow('not valid JSON');
  });
});

describe('consoleLog', () => {
  it('writes to standard error', () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {});
    consoleLog.info('a');
    consoleLog.warn('b');
    consoleLog.error('c');
    expect(written.mock.calls.flat()).toEqual(['[express-micro] a', '[express-micro] warning: b', '[express-micro] error: c']);
  });
});
