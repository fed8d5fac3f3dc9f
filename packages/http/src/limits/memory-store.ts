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
/** Looked at for one that is to be forgotten. */
const CANDIDATES = 8;

interface Remembered {
  readonly window: HitWindow;
  readonly rule: LimitRule;
}

/**
 * Counts in this process: each process of a fleet lets `limit` pass. It costs no waiting.
 *
 * Where more callers come than it may remember, it forgets, of a few that have been there longest, one whose window is over, else the one
 * with the fewest requests: so an attacker with a million addresses does not wash out those who are at their limit.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function memoryLimitStore(options: MemoryLimitStoreOptions = {}, clock: Clock = systemClock): RateLimitStore {
  const { maxKeys } = resolveOptions('memoryLimitStore()', TABLE, options, optionInvalid);
  const remembered = new Map<string, Remembered>();
  // One iterator that is kept: a new one walks over the holes of all that was deleted at the front, each time.
  let oldest = remembered.entries();

  function next(): [string, Remembered] {
    let found = oldest.next();
    if (found.done === true) {
      oldest = remembered.entries();
      found = oldest.next();
    }
    return found.value as [string, Remembered];
  }

  function forgetOne(nowMs: number): void {
    let fewest = next();
    for (let looked = 1; looked < CANDIDATES; looked++) {
      const [key, { window, rule }] = fewest;
      if (window.isOver(rule, nowMs)) break;
      const other = next();
      if (other[0] === key) break;
      const [stays, goes] = other[1].window.size < window.size ? [fewest, other] : [other, fewest];
      // What stays goes to the end of the line, where it is not looked at again so soon.
      remembered.delete(stays[0]);
      remembered.set(stays[0], stays[1]);
      fewest = goes;
    }
    remembered.delete(fewest[0]);
  }

  function windowOf(key: string, rule: LimitRule, nowMs: number): HitWindow {
    const known = remembered.get(key);
    if (known !== undefined) return known.window;
    if (remembered.size >= maxKeys) forgetOne(nowMs);
    const window = new HitWindow();
    remembered.set(key, { window, rule });
    return window;
  }

  return Object.freeze({
    take(key: string, rule: LimitRule) {
      const nowMs = clock.monotonicMs();
      return windowOf(key, rule, nowMs).take(rule, nowMs);
    },
    giveBack(key: string, _rule: LimitRule, slot: number): void {
      remembered.get(key)?.window.giveBack(slot);
    },
    read(key: string, rule: LimitRule) {
      return remembered.get(key)?.window.read(rule, clock.monotonicMs()) ?? { used: 0, resetMs: 0 };
    },
    reset(key: string): void {
      remembered.delete(key);
    },
  });
}
