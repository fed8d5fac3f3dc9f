import { EventEmitter } from 'node:events';
import type { Clock } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { reloadOnSighup } from './reload-on-sighup.ts';

function setUp(platform = 'linux') {
  const target = Object.assign(new EventEmitter(), { platform });
  let due: (() => void) | undefined;
  const clock = {
    after(_ms: number, run: () => void) {
      due = run;
      return {
        stop: () => {
          due = undefined;
        },
      };
    },
  } as unknown as Clock;
  let reloads = 0;
  const stop = reloadOnSighup(target, clock, () => {
    reloads += 1;
  });
  const pass = () => {
    const run = due;
    due = undefined;
    run?.();
  };
  return { target, stop, pass, reloads: () => reloads, isWaiting: () => due !== undefined };
}

describe('SIGHUP', () => {
  it('reloads at once', () => {
    const { target, reloads } = setUp();
    target.emit('SIGHUP');
    expect(reloads()).toBe(1);
  });

  it('a storm of it is answered twice: at once, and after its last', () => {
    const { target, reloads, pass } = setUp();
    for (let i = 0; i < 1_000; i += 1) target.emit('SIGHUP');
    expect(reloads()).toBe(1);
    pass();
    expect(reloads()).toBe(2);
    pass();
    expect(reloads()).toBe(2);
    target.emit('SIGHUP');
    expect(reloads()).toBe(3);
  });

  it('leaves other listeners alone, and is heard no more when it is stopped', () => {
    const { target, stop, reloads, isWaiting } = setUp();
    let others = 0;
    target.on('SIGHUP', () => {
      others += 1;
    });
    target.emit('SIGHUP');
    target.emit('SIGHUP');
    stop();
    expect(isWaiting()).toBe(false);
    target.emit('SIGHUP');
    expect([reloads(), others, target.listenerCount('SIGHUP')]).toEqual([1, 3, 1]);
  });

  it('is not listened to on Windows, where it says that the console is gone', () => {
    const { target } = setUp('win32');
    expect(target.listenerCount('SIGHUP')).toBe(0);
  });
});
