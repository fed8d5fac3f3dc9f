import type { Random } from '@express-micro/core';

/** mulberry32: small, fast, and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function between(random: () => number, min: number, max: number): number {
  return min + random() * (max - min);
}

export function pick<T>(random: () => number, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** The same as everything of a process draws it. Nothing that it gives is a secret. */
export function randomFrom(next: () => number): Random {
  const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => Math.floor(next() * 256)));
  return Object.freeze({
    next,
    bytes,
    uuid() {
      const hex = bytes(16).toString('hex');
      const variant = ((Number.parseInt(hex[16] as string, 16) & 3) | 8).toString(16);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  });
}
