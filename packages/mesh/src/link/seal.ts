// Hot path of fleets that sign: every write and every chunk. Its bench: bench/link-cost.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Sink } from './frame-writer.ts';
import { MAX_FRAME_BYTES, violation } from './protocol.ts';

/** A secret for each direction, of this link alone. */
export interface SealKeys {
  readonly toServer: Buffer;
  readonly toCaller: Buffer;
}

const MAC_BYTES = 32;
const HEAD_BYTES = 4 + MAC_BYTES;
/** A writer's slab, or one frame that is larger. */
const MAX_RECORD_BYTES = Math.max(65_536, MAX_FRAME_BYTES);

/**
 * Where calls are signed each write is: u32 length, HMAC-SHA-256 over the number of the write and its bytes, bytes. So
 * nobody on the way can change, repeat, drop or reorder a frame without the link ending; and it is paid once a turn of the
 * event loop, not once a call.
 */
export class SealedSink implements Sink {
  private readonly socket: Socket;
  private readonly key: Buffer;
  private count = 0;

  constructor(socket: Socket, key: Buffer) {
    this.socket = socket;
    this.key = key;
  }

  write(bytes: Uint8Array): void {
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt32LE(bytes.length);
    head.set(sealOf(this.key, this.count++, bytes), 4);
    this.socket.cork();
    this.socket.write(head);
    this.socket.write(bytes);
    this.socket.uncork();
  }
}

/** The other direction: hands on only what is sealed rightly, and in its turn. */
export class Unsealer {
  private readonly key: Buffer;
  private readonly onBytes: (bytes: Buffer) => void;
  private count = 0;
  private held: Buffer[] = [];
  private heldBytes = 0;
  /** Length of the record that is coming, with its head; less is not worth joining. */
  private wanted = HEAD_BYTES;

  constructor(key: Buffer, onBytes: (bytes: Buffer) => void) {
    this.key = key;
    this.onBytes = onBytes;
  }

  /** @throws LinkViolation when a seal is wrong */
  push(chunk: Buffer): void {
    this.held.push(chunk);
    this.heldBytes += chunk.length;
    if (this.heldBytes < this.wanted) return;
    const bytes = this.held.length === 1 ? chunk : Buffer.concat(this.held, this.heldBytes);
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      this.wanted = HEAD_BYTES;
      if (left < HEAD_BYTES) break;
      const length = bytes.readUInt32LE(at);
      if (length === 0 || length > MAX_RECORD_BYTES) violation(`a sealed record of ${length} bytes`);
      this.wanted = HEAD_BYTES + length;
      if (left < this.wanted) break;
      const content = bytes.subarray(at + HEAD_BYTES, at + this.wanted);
      const seal = bytes.subarray(at + 4, at + HEAD_BYTES);
      if (!timingSafeEqual(seal, sealOf(this.key, this.count++, content))) violation('a record that is not sealed rightly');
      at += this.wanted;
      this.onBytes(content);
    }
    this.held = at < bytes.length ? [bytes.subarray(at)] : [];
    this.heldBytes = bytes.length - at;
  }
}

function sealOf(key: Buffer, count: number, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${count}\n`).update(bytes).digest();
}
