/**
 * A set of 64-bit values in two typed arrays, open addressing. Next to a `Set` of strings it takes an eighth of the
 * memory and gives the garbage collector nothing to walk through, which matters at a million entries.
 */
export interface NonceTable {
  readonly size: number;
  has(high: number, low: number): boolean;
  /** Only what {@link has} denied. */
  add(high: number, low: number): void;
}

const SHARDS = 128;
const FIRST_SLOTS = 16;

/** In shards that grow one by one: a table of a million growing at once would hold everything up for tens of milliseconds. */
export function createNonceTable(): NonceTable {
  const shards = new Map<number, NonceTable>();
  let size = 0;
  return {
    get size(): number {
      return size;
    },
    has(high: number, low: number): boolean {
      return shards.get(high % SHARDS)?.has(high, low) === true;
    },
    add(high: number, low: number): void {
      const shard = shards.get(high % SHARDS) ?? createShard();
      shards.set(high % SHARDS, shard);
      shard.add(high, low);
      size += 1;
    },
  };
}

function createShard(): NonceTable {
  let mask = FIRST_SLOTS - 1;
  let highs = new Uint32Array(FIRST_SLOTS);
  let lows = new Uint32Array(FIRST_SLOTS);
  let size = 0;

  /** The slot that holds the value, or the empty one where it belongs. Nonces are random, so their bits are the hash. */
  const slotOf = (high: number, low: number): number => {
    let slot = low & mask;
    while ((highs[slot] !== 0 || lows[slot] !== 0) && (highs[slot] !== high || lows[slot] !== low)) slot = (slot + 1) & mask;
    return slot;
  };
  const put = (high: number, low: number): void => {
    const slot = slotOf(high, low);
    highs[slot] = high;
    lows[slot] = low;
  };
  const grow = (): void => {
    const [oldHighs, oldLows] = [highs, lows];
    mask = mask * 2 + 1;
    highs = new Uint32Array(mask + 1);
    lows = new Uint32Array(mask + 1);
    for (let slot = 0; slot < oldHighs.length; slot += 1) {
      const [high, low] = [oldHighs[slot] ?? 0, oldLows[slot] ?? 0];
      if (high !== 0 || low !== 0) put(high, low);
    }
  };

  return {
    get size(): number {
      return size;
    },
    has(high: number, low: number): boolean {
      const slot = slotOf(high, low);
      return highs[slot] !== 0 || lows[slot] !== 0;
    },
    add(high: number, low: number): void {
      // Two thirds full is where probing begins to cost.
      if (size * 3 >= mask * 2) grow();
      put(high, low);
      size += 1;
    },
  };
}
