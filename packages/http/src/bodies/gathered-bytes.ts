/** From here on a piece is kept as it came: what Node needs for it is little beside it. */
const LARGE = 1_024;
const BLOCK = 16_384;

/**
 * Bytes that come in pieces, kept at about what they hold. A `Buffer` of one byte takes some four hundred, and who sends may choose how large
 * the pieces are: so small ones are copied into blocks. The first is not: most bodies are one piece.
 */
export class GatheredBytes {
  size = 0;
  readonly #pieces: Buffer[] = [];
  #block: Buffer | undefined;
  #used = 0;

  add(bytes: Buffer): void {
    const isFirst = this.size === 0;
    this.size += bytes.length;
    if (isFirst || bytes.length >= LARGE) {
      this.#seal();
      this.#pieces.push(bytes);
      return;
    }
    if (this.#used + bytes.length > BLOCK) this.#seal();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK);
    this.#used += bytes.copy(this.#block, this.#used);
  }

  /** All of them, once. */
  take(): Buffer {
    this.#seal();
    const pieces = this.#pieces;
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces.splice(0), this.size);
  }

  #seal(): void {
    const block = this.#block;
    if (block === undefined || this.#used === 0) return;
    const isMostlyFull = this.#used > BLOCK / 2;
    const filled = block.subarray(0, this.#used);
    this.#pieces.push(isMostlyFull ? filled : Buffer.from(filled));
    if (isMostlyFull) this.#block = undefined;
    this.#used = 0;
  }
}
