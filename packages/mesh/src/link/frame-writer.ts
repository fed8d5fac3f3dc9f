// Hot path: every frame of both sides. Its bench: bench/link-cost.mjs
import type { Clock } from '@express-micro/core';
import { FRAME_HEADER_BYTES } from './protocol.ts';

const SLAB_BYTES = 65_536;
/** In a turn that lasts longer, frames do not wait for its end: longer saves writes, shorter answers sooner. */
const MAX_HELD_MS = 2;
/**
 * So many go out without waiting for the rest of the turn: the other side begins with them while this one makes more. Were all
 * of a turn one write, the two would take turns, and each stand idle in that of the other.
 */
const MAX_HELD_FRAMES = 24;

/** Where bytes go: a socket, or a test. */
export interface Sink {
  write(bytes: Uint8Array): unknown;
}

/** Puts frames one behind the other and hands those of one turn of the event loop to the socket in one write, unless they are many or that turn is long. */
export class FrameWriter {
  private readonly sink: Sink;
  /** Told after each write, with everything that was put in before. */
  private readonly onWritten: () => void;
  private slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private start = 0;
  private end = 0;
  private isScheduled = false;
  private readonly clock: Clock | undefined;
  private heldSinceMs = 0;
  private held = 0;
  /** Frames of these are with the system, or never will be. */
  isClosed = false;

  /** @param clock where turns may be long, because others compute in them between two frames */
  constructor(sink: Sink, onWritten: () => void, clock?: Clock) {
    this.sink = sink;
    this.onWritten = onWritten;
    this.clock = clock;
  }

  /** @param head Latin-1 text @param body text (UTF-8) or bytes */
  frame(kind: number, flags: number, stream: number, code: number, head: string, body: string | Uint8Array): void {
    const isText = typeof body === 'string';
    this.reserve(FRAME_HEADER_BYTES + head.length + (isText ? body.length * 3 : body.length));
    const { slab, end } = this;
    let at = end + FRAME_HEADER_BYTES;
    if (head.length > 0) at += slab.latin1Write(head, at);
    if (body.length > 0) {
      if (isText) at += slab.utf8Write(body, at);
      else {
        slab.set(body, at);
        at += body.length;
      }
    }
    const length = at - end - 4;
    slab[end] = length & 255;
    slab[end + 1] = (length >> 8) & 255;
    slab[end + 2] = (length >> 16) & 255;
    slab[end + 3] = length >>> 24;
    slab[end + 4] = kind;
    slab[end + 5] = flags;
    slab[end + 6] = head.length & 255;
    slab[end + 7] = head.length >> 8;
    slab[end + 8] = stream & 255;
    slab[end + 9] = (stream >> 8) & 255;
    slab[end + 10] = (stream >> 16) & 255;
    slab[end + 11] = stream >>> 24;
    slab[end + 12] = code & 255;
    slab[end + 13] = (code >> 8) & 255;
    this.end = at;
    this.held += 1;
    this.schedule();
    if (this.held >= MAX_HELD_FRAMES) this.hand();
    if (this.clock !== undefined) this.handInLongTurn(this.clock.monotonicMs(), end === this.start);
  }

  private handInLongTurn(nowMs: number, isFirst: boolean): void {
    if (isFirst) this.heldSinceMs = nowMs;
    else if (nowMs - this.heldSinceMs >= MAX_HELD_MS) this.hand();
  }

  /** Has `onWritten` called at the end of this turn, whether there are frames or not. */
  schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    process.nextTick(flush, this);
  }

  flush(): void {
    this.isScheduled = false;
    this.hand();
    this.onWritten();
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.slab.length) return;
    this.hand();
    // The old slab belongs to the socket until it is sent.
    this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    this.start = 0;
    this.end = 0;
  }

  private hand(): void {
    this.held = 0;
    if (this.end === this.start) return;
    const bytes = this.slab.subarray(this.start, this.end);
    this.start = this.end;
    if (!this.isClosed) this.sink.write(bytes);
  }
}

function flush(writer: FrameWriter): void {
  writer.flush();
}
