/** Bytes that come in pieces. */
export interface GatheredBytes {
  readonly size: number;
  add(bytes: Buffer): void;
  /** All of them, once. */
  take(): Buffer;
}

/** From here on a piece is kept as it came: what Node needs for it is little beside it. */
const LARGE = 1_024;
const BLOCK = 16_384;

/**
 * Keeps pieces at about what they hold. A `Buffer` of one byte takes some four hundred, and who sends may choose how large the pieces are: so small ones are
 * copied into blocks. The first is not: most bodies are one piece.
 */
export function gatherBytes(): GatheredBytes {
  const pieces: Buffer[] = [];
  let size = 0;
  let block: Buffer | undefined;
  let used = 0;

  function seal(): void {
    if (block === undefined || used === 0) return;
    const isMostlyFull = used > BLOCK / 2;
    pieces.push(isMostlyFull ? block.subarray(0, used) : Buffer.from(block.subarray(0, used)));
    if (isMostlyFull) block = undefined;
    used = 0;
  }

  return {
    get size() {
      return size;
    },
    add(bytes) {
      const isFirst = size === 0;
      size += bytes.length;
      if (isFirst || bytes.length >= LARGE) {
        seal();
        pieces.push(bytes);
        return;
      }
      if (used + bytes.length > BLOCK) seal();
      block ??= Buffer.allocUnsafeSlow(BLOCK);
      used += bytes.copy(block, used);
    },
    take() {
      seal();
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces.splice(0), size);
    },
  };
}
