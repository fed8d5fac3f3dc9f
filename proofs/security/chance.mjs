/**
 * Chance that can be had again: mulberry32. A run is replayed by its seed.
 * @param {number} seed
 */
export function createChance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (/** @type {number} */ limit) => Math.floor(next() * limit);
  return {
    below,
    /** @template T @param {readonly T[]} among @returns {T} */
    oneOf: (among) => /** @type {T} */ (among[below(among.length)]),
    isSo: (/** @type {number} */ share) => next() < share,
  };
}

/** @typedef {ReturnType<typeof createChance>} Chance */
