import type { Clock, Timer } from './clock.ts';

/** Something that ends at a time unless it is taken back. Taking back twice, or after it ended, does nothing. */
export interface Expiry {
  stop(): void;
}

/** Waits of one length, in the order in which they began: which is that in which they end. */
class List {
  first: Wait | undefined = undefined;
  last: Wait | undefined = undefined;
  timer: Timer | undefined = undefined;
}

class Wait implements Expiry {
  readonly endsAtMs: number;
  run: (() => void) | undefined;
  before: Wait | undefined;
  after: Wait | undefined;
  private readonly list: List;

  constructor(list: List, endsAtMs: number, run: () => void) {
    this.list = list;
    this.endsAtMs = endsAtMs;
    this.run = run;
    this.before = list.last;
    this.after = undefined;
    if (list.last === undefined) list.first = this;
    else list.last.after = this;
    list.last = this;
  }

  stop(): void {
    if (this.run === undefined) return;
    const { list, before, after } = this;
    if (before === undefined) list.first = after;
    else before.after = after;
    if (after === undefined) list.last = before;
    else after.before = before;
    this.run = undefined;
    // A dead entry that pointed on would keep its neighbours alive, and they theirs: the collector would copy them all.
    this.before = undefined;
    this.after = undefined;
  }
}

const MAX_LISTS = 64;

/**
 * Timers for many waits of few different lengths, nearly all of which are taken back: the time-outs of calls.
 *
 * Waits of one length end in the order in which they began, so each length is a list with one timer, set for the first of
 * it. Starting and stopping a wait moves four pointers; a timer of Node costs a hundred times that.
 */
export function createExpiries(clock: Clock): (delayMs: number, run: () => void, nowMs?: number) => Expiry {
  const lists = new Map<number, List>();

  function fire(delayMs: number, list: List): void {
    const now = clock.monotonicMs();
    for (let wait = list.first; wait !== undefined && wait.endsAtMs <= now; wait = list.first) {
      const { run } = wait;
      wait.stop();
      run?.();
    }
    if (list.first === undefined) lists.delete(delayMs);
    else list.timer = clock.after(list.first.endsAtMs - now, () => fire(delayMs, list));
  }

  return (delayMs, run, nowMs = clock.monotonicMs()) => {
    let list = lists.get(delayMs);
    // As many lengths as waits (what is left of somebody else's time): lists would only pile up, a timer each is better.
    if (list === undefined && lists.size >= MAX_LISTS) return clock.after(delayMs, run);
    if (list === undefined) {
      const created = new List();
      // The timer is not moved when its wait is taken back; it fires, finds the next one and is set for that.
      created.timer = clock.after(delayMs, () => fire(delayMs, created));
      lists.set(delayMs, created);
      list = created;
    }
    return new Wait(list, nowMs + delayMs, run);
  };
}
