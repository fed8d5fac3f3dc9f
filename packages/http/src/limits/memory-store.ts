import { type Clock, integerOption, resolveOptions, systemClock } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import type { RateLimitStore } from './limit-store.ts';
import { HitWindow, type LimitRule } from './sliding-window.ts';

export interface MemoryLimitStoreOptions {
  /**
   * Callers that are remembered at once, about 200 bytes each for those who come once, at most 1 KB. Raising it takes memory; lowering it
   * forgets sooner while more than so many come within a window. @default 100000
   */
  readonly maxKeys?: number | undefined;
}

const TABLE = { maxKeys: integerOption('callers', { min: 100, max: 10_000_000 }, () => 100_000) };
/** How many are looked at for one that is to be forgotten. */
const CANDIDATES = 8;

/**
 * Counts in this process: each process of a fleet lets `limit` pass. It costs no waiting.
 *
 * Where more callers come than it may remember, it forgets of a few of them one whose window is over, else the one with the fewest
 * requests: so an attacker with a million addresses does not wash out those who are at their limit.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function memoryLimitStore(options: MemoryLimitStoreOptions = {}, clock: Clock = systemClock): RateLimitStore {
  const { maxKeys } = resolveOptions('memoryLimitStore()', TABLE, options, optionInvalid);
  const remembered = new Map<string, HitWindow>();
  // A hand that goes round. One iterator that is kept: a new one walks over the holes of all that was deleted, each time.
  let hand = remembered.entries();

  function next(): [string, HitWindow] {
    let found = hand.next();
    if (found.done === true) {
      hand = remembered.entries();
      found = hand.next();
    }
    return found.value as [string, HitWindow];
  }

  function forgetOne(nowMs: number): void {
    let [forgotten, fewest] = next();
    for (let looked = 1; looked < CANDIDATES && !fewest.isOver(nowMs); looked++) {
      const [key, window] = next();
      if (window.size < fewest.size || window.isOver(nowMs)) [forgotten, fewest] = [key, window];
    }
    remembered.delete(forgotten);
  }

  function windowOf(key: string, nowMs: number): HitWindow {
    const known = remembered.get(key);
    if (known !== undefined) return known;
    if (remembered.size >= maxKeys) forgetOne(nowMs);
    const window = new HitWindow();
    remembered.set(key, window);
    return window;
  }

  return Object.freeze({
    take(key: string, rule: LimitRule) {
      const nowMs = clock.monotonicMs();
      return windowOf(key, nowMs).take(rule, nowMs);
    },
    giveBack(key: string, _rule: LimitRule, slot: number): void {
      remembered.get(key)?.giveBack(slot);
    },
    read(key: string, rule: LimitRule) {
      return remembered.get(key)?.read(rule, clock.monotonicMs()) ?? { used: 0, resetMs: 0 };
    },
    reset(key: string): void {
      remembered.delete(key);
    },
  });
}
