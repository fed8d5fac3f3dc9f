/** Pieces of the window: it moves on by one of them at a time. */
const SLOTS = 10;

/**
 * How often things of a few kinds happened lately. The window slides by tenths, so it covers between nine and ten tenths of
 * its length. Counting costs nothing but a division; what is too old is taken off when somebody counts or asks again.
 */
export class SlidingCounts {
  private readonly slotMs: number;
  private readonly kinds: number;
  /** The counts of each kind, slot after slot. */
  private readonly slots: number[];
  private readonly sums: number[];
  /** Number of the slot of now, on the whole of time. */
  private now = 0;

  constructor(windowMs: number, kinds: number) {
    this.slotMs = windowMs / SLOTS;
    this.kinds = kinds;
    this.slots = new Array<number>(SLOTS * kinds).fill(0);
    this.sums = new Array<number>(kinds).fill(0);
  }

  /** @param kind 0 to `kinds` − 1 */
  add(kind: number, nowMs: number): void {
    this.moveTo(nowMs);
    const at = (this.now % SLOTS) * this.kinds + kind;
    this.slots[at] = (this.slots[at] as number) + 1;
    this.sums[kind] = (this.sums[kind] as number) + 1;
  }

  count(kind: number, nowMs: number): number {
    this.moveTo(nowMs);
    return this.sums[kind] as number;
  }

  clear(): void {
    this.slots.fill(0);
    this.sums.fill(0);
  }

  private moveTo(nowMs: number): void {
    const slot = Math.floor(nowMs / this.slotMs);
    if (slot === this.now) return;
    const passed = slot - this.now;
    // A clock that stepped back a little counts into the slot of before; one that jumped begins anew.
    if (passed < 0 && passed > -SLOTS) return;
    if (passed < 0 || passed >= SLOTS) {
      this.clear();
      this.now = slot;
      return;
    }
    while (this.now < slot) {
      this.now += 1;
      const first = (this.now % SLOTS) * this.kinds;
      for (let kind = 0; kind < this.kinds; kind++) {
        this.sums[kind] = (this.sums[kind] as number) - (this.slots[first + kind] as number);
        this.slots[first + kind] = 0;
      }
    }
  }
}
