// Hot path: every request to the app passes here. Its bench: bench/call-cost.mjs
import type { Serving } from './serving.ts';

/** The requests under way, as a list through themselves: adding and taking out moves four pointers. */
export interface InFlight {
  /** How many are under way and not held. */
  recent(): number;
  add(serving: Serving): void;
  remove(serving: Serving): void;
  /** Those that began before count as held from now on. */
  holdBefore(beganAtMs: number): void;
  forEach(visit: (serving: Serving) => void): void;
}

export function createInFlight(): InFlight {
  let first: Serving | undefined;
  let last: Serving | undefined;
  let firstRecent: Serving | undefined;
  let recent = 0;

  return {
    recent: () => recent,

    add(serving) {
      serving.before = last;
      if (last === undefined) first = serving;
      else last.after = serving;
      last = serving;
      firstRecent ??= serving;
      recent += 1;
    },

    remove(serving) {
      const { before, after } = serving;
      if (before === undefined) first = after;
      else before.after = after;
      if (after === undefined) last = before;
      else after.before = before;
      if (firstRecent === serving) firstRecent = after;
      if (!serving.isHeld) recent -= 1;
      serving.before = undefined;
      serving.after = undefined;
    },

    holdBefore(beganAtMs) {
      while (firstRecent !== undefined && firstRecent.beganAtMs < beganAtMs) {
        firstRecent.isHeld = true;
        recent -= 1;
        firstRecent = firstRecent.after;
      }
    },

    forEach(visit) {
      for (let serving = first; serving !== undefined; ) {
        const { after } = serving;
        visit(serving);
        serving = after;
      }
    },
  };
}
