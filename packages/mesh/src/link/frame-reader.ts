// Hot path: every frame of both sides. Its bench: bench/link-cost.mjs
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES, violation } from './protocol.ts';

export interface FrameReceiver {
  /** One whole frame: it stands in `bytes` from `at` to `end`, its head until `body`. Valid during the call only. */
  onFrame(kind: number, stream: number, bytes: Buffer, at: number, body: number, end: number): void;
}

/**
 * Cuts a stream of bytes into frames, however it comes in pieces. Holds at most one frame, whose length is checked before
 * anything is kept for it.
 */
export class FrameReader {
  private readonly receiver: FrameReceiver;
  /** The beginning of a frame whose end is still to come: as large as the frame, filled up to `filled`. */
  private partial: Buffer | undefined = undefined;
  private filled = 0;
  /** Less than a length: too few bytes to know how large the frame is. */
  private rest: Buffer | undefined = undefined;

  constructor(receiver: FrameReceiver) {
    this.receiver = receiver;
  }

  /** @throws LinkViolation when the bytes are no frames */
  push(chunk: Buffer): void {
    let at = this.complete(chunk);
    if (at < 0) return;
    let bytes = chunk;
    if (this.rest !== undefined) {
      bytes = Buffer.concat([this.rest, chunk]);
      this.rest = undefined;
      at = 0;
    }
    const end = bytes.length;
    while (end - at >= 4) {
      const length = lengthAt(bytes, at);
      if (end - at < length) {
        this.partial = Buffer.allocUnsafe(length);
        this.filled = bytes.copy(this.partial, 0, at, end);
        return;
      }
      this.dispatch(bytes, at, at + length);
      at += length;
    }
    // A copy: a few bytes must not hold a whole chunk.
    if (at < end) this.rest = Buffer.from(bytes.subarray(at));
  }

  /** Fills the frame that was begun. Answers where the next one begins in `chunk`, or −1 when there is none yet. */
  private complete(chunk: Buffer): number {
    const { partial } = this;
    if (partial === undefined) return 0;
    const copied = chunk.copy(partial, this.filled);
    this.filled += copied;
    if (this.filled < partial.length) return -1;
    this.partial = undefined;
    this.dispatch(partial, 0, partial.length);
    return copied;
  }

  private dispatch(bytes: Buffer, at: number, end: number): void {
    const body = at + FRAME_HEADER_BYTES + ((bytes[at + 6] as number) | ((bytes[at + 7] as number) << 8));
    if (body > end) violation('a frame whose head is longer than itself');
    this.receiver.onFrame(bytes[at + 4] as number, uint32At(bytes, at + 8), bytes, at, body, end);
  }
}

/** With its own four bytes. */
function lengthAt(bytes: Buffer, at: number): number {
  const length = uint32At(bytes, at) + 4;
  if (length < FRAME_HEADER_BYTES || length > MAX_FRAME_BYTES) violation(`a frame of ${length} bytes`);
  return length;
}

export function uint32At(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

export function flagsAt(bytes: Buffer, at: number): number {
  return bytes[at + 5] as number;
}

export function codeAt(bytes: Buffer, at: number): number {
  return (bytes[at + 12] as number) | ((bytes[at + 13] as number) << 8);
}

export function headOf(bytes: Buffer, at: number, body: number): string {
  return bytes.latin1Slice(at + FRAME_HEADER_BYTES, body);
}
