import type { Clock, Timer } from './clock.ts';

/** Something that ends at a time unless it is taken back. Taking back twice, or after it ended, does nothing. */
export interface Expiry {
  stop(): void;
}

interface Entry extends Expiry {
  endsAtMs: number;
  run: (() => void) | undefined;
  before: Entry | undefined;
  after: Entry | undefined;
}

const MAX_LISTS = 64;

/**
 * Timers for many waits of few different lengths, nearly all of which are taken back: the time-outs of calls.
 *
 * Waits of one length end in the order in which they began, so each length is a list with one timer, set for the first of
 * it. Starting and stopping a wait moves four pointers; a timer of Node costs a hundred times that.
 */
export function createExpiries(clock: Clock): (delayMs: number, run: () => void) => Expiry {
  const lists = new Map<number, { first: Entry | undefined; last: Entry | undefined; timer: Timer | undefined }>();
  type List = NonNullable<ReturnType<typeof lists.get>>;

  function unlink(list: List, entry: Entry): void {
    if (entry.before === undefined) list.first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) list.last = entry.before;
    else entry.after.before = entry.before;
    entry.run = undefined;
    // A dead entry that pointed on would keep its neighbours alive, and they theirs: the collector would copy them all.
    entry.before = undefined;
    entry.after = undefined;
  }

  function fire(delayMs: number, list: List): void {
    const now = clock.monotonicMs();
    for (let entry = list.first; entry !== undefined && entry.endsAtMs <= now; entry = list.first) {
      const { run } = entry;
      unlink(list, entry);
      run?.();
    }
    if (list.first === undefined) lists.delete(delayMs);
    else list.timer = clock.after(list.first.endsAtMs - now, () => fire(delayMs, list));
  }

  return (delayMs, run) => {
    let list = lists.get(delayMs);
    // As many lengths as waits (what is left of somebody else's time): lists would only pile up, a timer each is better.
    if (list === undefined && lists.size >= MAX_LISTS) return clock.after(delayMs, run);
    if (list === undefined) {
      const created: List = { first: undefined, last: undefined, timer: undefined };
      // The timer is not moved when its wait is taken back; it fires, finds the next one and is set for that.
      created.timer = clock.after(delayMs, () => fire(delayMs, created));
      lists.set(delayMs, created);
      list = created;
    }
    const owner = list;
    const entry: Entry = {
      endsAtMs: clock.monotonicMs() + delayMs,
      run,
      before: owner.last,
      after: undefined,
      stop() {
        if (entry.run !== undefined) unlink(owner, entry);
      },
    };
    if (owner.last === undefined) owner.first = entry;
    else owner.last.after = entry;
    owner.last = entry;
    return entry;
  };
}
