import { describe, expect, it, vi } from 'vitest';
import type { Clock } from './clock.ts';
import { Lifetime } from './lifetime.ts';

function serve({ endsAtMs }: { endsAtMs?: number } = {}) {
  let nowMs = 1_000;
  const stop = vi.fn();
  let expire: (() => void) | undefined;
  let tell: { gone: (reason: Error) => void; answered: () => void } | undefined;
  const waits: number[] = [];
  const lifetime = new Lifetime({
    endsAtMs,
    clock: { monotonicMs: () => nowMs } as Clock,
    expire: (delayMs, run) => {
      waits.push(delayMs);
      expire = run;
      return { stop };
    },
    expired: () => new Error('time is up'),
    watch: (given) => {
      tell = given;
    },
  });
  return {
    lifetime,
    waits,
    stop,
    wait: (ms: number) => {
      nowMs += ms;
    },
    expire: () => expire?.(),
    gone: () => tell?.gone(new Error('the caller went away')),
    answered: () => tell?.answered(),
    isWatched: () => tell !== undefined,
  };
}

describe('the lifetime of a request', () => {
  it('watches nothing before somebody asks', () => {
    const { lifetime, isWatched, waits } = serve({ endsAtMs: 1_500 });
    expect(lifetime.remainingMs()).toBe(500);
    expect(isWatched()).toBe(false);
    expect(waits).toEqual([]);
    expect(lifetime.reason).toBeUndefined();
    expect(isWatched()).toBe(true);
    expect(waits).toEqual([500]);
  });

  it('ends once, by what comes first, and tells everybody who listens', () => {
    const { lifetime, gone, expire, stop } = serve({ endsAtMs: 1_500 });
    const heard: string[] = [];
    lifetime.listen((reason) => heard.push(reason.message));
    const quiet = lifetime.listen(() => heard.push('nobody wanted to know'));
    quiet();
    const { signal } = lifetime;
    gone();
    expire();
    expect(heard).toEqual(['the caller went away']);
    expect(signal.reason.message).toBe('the caller went away');
    expect(lifetime.reason?.message).toBe('the caller went away');
    expect(stop).toHaveBeenCalled();
  });

  it('tells whoever comes late at once', () => {
    const { lifetime, expire } = serve({ endsAtMs: 1_500 });
    lifetime.listen(() => {});
    expire();
    const heard: string[] = [];
    lifetime.listen((reason) => heard.push(reason.message));
    expect(heard).toEqual(['time is up']);
    expect(lifetime.signal.aborted).toBe(true);
  });

  it('says nothing more when the answer is out', () => {
    const { lifetime, answered, stop } = serve({ endsAtMs: 1_500 });
    const listener = vi.fn();
    lifetime.listen(listener);
    answered();
    expect(stop).toHaveBeenCalled();
    expect(listener).not.toHaveBeenCalled();
    expect(lifetime.reason).toBeUndefined();
  });

  it('has no end of its own where the caller gave no time', () => {
    const { lifetime, waits, wait } = serve();
    expect(lifetime.reason).toBeUndefined();
    wait(1e9);
    expect(lifetime.remainingMs()).toBeUndefined();
    expect(waits).toEqual([]);
  });

  it('never has less than nothing left', () => {
    const { lifetime, wait } = serve({ endsAtMs: 1_500 });
    wait(10_000);
    expect(lifetime.remainingMs()).toBe(0);
  });
});
