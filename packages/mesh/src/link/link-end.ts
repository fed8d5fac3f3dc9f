// Hot path: every frame of both sides. Its bench: bench/link-cost.mjs
import type { Socket } from 'node:net';
import type { Clock } from '@express-micro/core';
import { FrameReader, type FrameReceiver } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { Heartbeat } from './heartbeat.ts';
import { LinkViolation, PING } from './protocol.ts';
import { SealedSink, Unsealer } from './seal.ts';

interface LinkEndOptions {
  readonly socket: Socket;
  /** Keys of each direction, as this side sees them, where calls are signed. */
  readonly seal: { readonly out: Buffer; readonly in: Buffer } | undefined;
  readonly receiver: FrameReceiver;
  /** Where others compute between two frames of a turn. */
  readonly clock?: Clock;
  /** After each write, with everything that was put in before. */
  readonly onWritten: () => void;
  /** Once. */
  readonly onClosed: () => void;
}

/** What both ends of a link do with their socket: frames out, frames in, a word now and then when it is silent. */
export class LinkEnd {
  readonly writer: FrameWriter;
  private readonly socket: Socket;
  private readonly heartbeat: Heartbeat;
  private isHeld = false;
  isClosed = false;

  constructor({ socket, seal, receiver, clock, onWritten, onClosed }: LinkEndOptions) {
    this.socket = socket;
    this.writer = new FrameWriter(seal === undefined ? socket : new SealedSink(socket, seal.out), onWritten, clock);
    this.heartbeat = new Heartbeat({
      ping: () => this.writer.frame(PING, 0, 0, 0, '', ''),
      isWriting: () => socket.writableLength > 0,
      writtenBytes: () => socket.bytesWritten,
      end: () => socket.destroy(),
    });
    const reader = new FrameReader(receiver);
    const source = seal === undefined ? reader : new Unsealer(seal.in, (bytes) => reader.push(bytes));
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.read(source, chunk));
    socket.on('end', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.isClosed) return;
      this.isClosed = true;
      this.writer.isClosed = true;
      onClosed();
    });
    socket.unref();
  }

  private read(source: FrameReader | Unsealer, chunk: Buffer): void {
    this.heartbeat.isHeard = true;
    try {
      source.push(chunk);
    } catch (error) {
      if (!(error instanceof LinkViolation)) throw error;
      this.socket.destroy();
    }
  }

  /** Only calls under way keep a process alive. */
  hold(isBusy: boolean): void {
    if (isBusy === this.isHeld) return;
    this.isHeld = isBusy;
    if (isBusy) this.socket.ref();
    else this.socket.unref();
  }

  /** Something was heard since the last look. */
  get isHeard(): boolean {
    return this.heartbeat.isHeard;
  }

  /** Asks after a silence, and ends what does not answer. */
  tick(): void {
    this.heartbeat.tick();
  }
}
