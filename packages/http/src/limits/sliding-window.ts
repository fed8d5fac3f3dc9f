/**
 * A window that slides by a sixtieth of its length. What was counted in a slot counts until that slot has wholly left the window.
 *
 * So never more than `limit` requests pass in any stretch of `windowMs`; and one counts for `windowMs` to `windowMs + slotMs`,
 * which is the whole of the error: up to 1/60 too strict, never too lenient. An exact log keeps a time for each request instead; two
 * counters, one of them weighed, let nearly twice the limit pass in a window that is badly placed.
 */
export const SLOTS = 60;

/** How many requests pass, in how much time. */
export interface LimitRule {
  readonly limit: number;
  /** A sixtieth of the window, in whole milliseconds: a window that cannot be divided so is up to 59 ms longer. */
  readonly slotMs: number;
}

export function limitRule(limit: number, windowMs: number): LimitRule {
  return Object.freeze({ limit, slotMs: Math.ceil(windowMs / SLOTS) });
}

/** What a window says of a key after it was asked. */
export interface Count {
  /** Counted in the window, this request included if it was let through. */
  readonly used: number;
  /** Until the oldest of them no longer counts; 0 where there are none. */
  readonly resetMs: number;
}

export interface Taken extends Count {
  readonly isAllowed: boolean;
  /** Where it was counted, to be given back. */
  readonly slot: number;
}

const NONE: number[] = [];

/** The counts of one key. Slots are whole numbers on the clock of whoever asks, oldest first; those without a request take no room. */
export class HitWindow {
  /** Slot, count, slot, count, … */
  private counts: number[] = NONE;
  private used = 0;
  private slotMs = 0;

  take({ limit, slotMs }: LimitRule, nowMs: number): Taken {
    this.slotMs = slotMs;
    const slot = Math.floor(nowMs / slotMs);
    this.forget(slot);
    const isAllowed = this.used < limit;
    if (isAllowed) this.add(slot);
    return { isAllowed, slot, used: this.used, resetMs: this.resetMs(slotMs, nowMs) };
  }

  giveBack(slot: number): void {
    const at = this.positionOf(slot);
    if (at < 0) return;
    this.used -= 1;
    const left = (this.counts[at + 1] as number) - 1;
    if (left === 0) this.counts.splice(at, 2);
    else this.counts[at + 1] = left;
  }

  read({ slotMs }: LimitRule, nowMs: number): Count {
    this.forget(Math.floor(nowMs / slotMs));
    return { used: this.used, resetMs: this.resetMs(slotMs, nowMs) };
  }

  /** How many it would count, without forgetting any. */
  get size(): number {
    return this.used;
  }

  /** Whether all that it knows is over. */
  isOver(nowMs: number): boolean {
    const newest = this.counts.at(-2);
    return newest === undefined || newest < Math.floor(nowMs / this.slotMs) - SLOTS;
  }

  private add(slot: number): void {
    this.used += 1;
    const newest = this.counts.length - 2;
    // Most come once: a list that is made with two numbers has room for two, one that they are put into has room for 17.
    if (newest < 0) this.counts = [slot, 1];
    // The clock only goes forward: what is now is the newest slot, or a new one.
    else if (this.counts[newest] === slot) this.counts[newest + 1] = (this.counts[newest + 1] as number) + 1;
    else this.counts.push(slot, 1);
  }

  private forget(slot: number): void {
    let over = 0;
    while (over < this.counts.length && (this.counts[over] as number) < slot - SLOTS) {
      this.used -= this.counts[over + 1] as number;
      over += 2;
    }
    if (over > 0) this.counts.splice(0, over);
  }

  private positionOf(slot: number): number {
    for (let at = this.counts.length - 2; at >= 0; at -= 2) if (this.counts[at] === slot) return at;
    return -1;
  }

  private resetMs(slotMs: number, nowMs: number): number {
    const oldest = this.counts[0];
    return oldest === undefined ? 0 : (oldest + SLOTS + 1) * slotMs - nowMs;
  }
}
