// Hot path: every call that comes over a link. Its bench: bench/link-cost.mjs
import type { Server, Socket } from 'node:net';
import type { Caller, Clock } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { Deliver } from './born.ts';
import type { ConnectionFacts } from './connection-face.ts';
import { codeAt, type FrameReceiver, flagsAt, headOf, uint32At } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { LinkEnd } from './link-end.ts';
import {
  ANSWER,
  CANCEL,
  DATA,
  END,
  GO_AWAY,
  HAS_BODY,
  HAS_OWN,
  HEAD,
  IS_JSON,
  MAX_REQUEST_BODY_BYTES,
  MAX_STREAMS,
  MAX_UNSENT_BYTES,
  PING,
  PONG,
  REQUEST,
  RESET,
  RESET_LOST,
  RESET_NOT_EXECUTED,
  violation,
  WANTS_HEAD,
  WINDOW,
} from './protocol.ts';
import { decodeRequestHead } from './request-codec.ts';
import type { SealKeys } from './seal.ts';
import { type Carrier, ServedCall } from './served-call.ts';

export interface ServedLinkOptions {
  readonly socket: Socket;
  /** Where the calls of one side are signed. */
  readonly seal: SealKeys | undefined;
  readonly server: Server;
  readonly host: string;
  /** Who has proven itself when the link was made. */
  readonly caller: Caller;
  /** Whether the key of that proof is still one of ours. Asked at every call: a key that is taken away ends at once. */
  readonly isTrusted: () => boolean;
  readonly deliver: Deliver;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly onClosed: (link: ServedLink) => void;
}

/** One link on the side of the app: frames become calls, and answers frames. */
export class ServedLink implements Carrier, FrameReceiver {
  readonly server: Server;
  readonly host: string;
  readonly clock: Clock;
  readonly connection: ConnectionFacts;
  private readonly options: ServedLinkOptions;
  private readonly socket: Socket;
  private readonly side: LinkEnd;
  private readonly writer: FrameWriter;
  /** By stream, which its caller uses again when it has our last frame of it. */
  private readonly calls: (ServedCall | undefined)[] = [];
  private count = 0;
  /** Calls to look at when this turn is over. */
  private due: ServedCall[] = [];
  private isDraining = false;

  constructor(options: ServedLinkOptions) {
    const { socket, seal } = options;
    this.options = options;
    this.socket = socket;
    this.server = options.server;
    this.host = options.host;
    this.clock = options.clock;
    this.connection = socket;
    this.side = new LinkEnd({
      socket,
      seal: seal && { out: seal.toCaller, in: seal.toServer },
      receiver: this,
      // The handlers of a chunk run one after the other: the answer of the first must not wait for the last.
      clock: options.clock,
      onWritten: () => this.written(),
      onClosed: () => this.closed(),
    });
    this.writer = this.side.writer;
    socket.on('drain', () => this.drained());
    options.counters.linksIn += 1;
  }

  onFrame(kind: number, stream: number, bytes: Buffer, at: number, body: number, end: number): void {
    if (this.side.isClosed || this.socket.destroyed) return;
    switch (kind) {
      case REQUEST:
        this.request(stream, bytes, at, body, end);
        return;
      case CANCEL:
        this.cancelled(stream);
        return;
      case WINDOW:
        if (end - body !== 4) violation('a window that is none');
        this.calls[stream]?.grant(uint32At(bytes, body));
        return;
      case PING:
        this.writer.frame(PONG, 0, 0, 0, '', '');
        return;
      case PONG:
        return;
      default:
        violation(`a frame of kind ${kind}`);
    }
  }

  private request(stream: number, bytes: Buffer, at: number, body: number, end: number): void {
    if (stream >= MAX_STREAMS) violation('too many streams');
    if (this.calls[stream] !== undefined) violation('a stream that is under way');
    const size = end - body;
    const hasBody = (flagsAt(bytes, at) & HAS_BODY) !== 0;
    if (size > MAX_REQUEST_BODY_BYTES || (size > 0 && !hasBody)) violation(`a body of ${size} bytes`);
    const remainingMs = (flagsAt(bytes, at) & HAS_OWN) !== 0 ? codeAt(bytes, at) : undefined;
    const head = decodeRequestHead(headOf(bytes, at, body), this.host, hasBody ? size : undefined, remainingMs);
    if (this.isDraining || !this.options.isTrusted()) {
      this.writer.frame(RESET, 0, stream, RESET_NOT_EXECUTED, '', '');
      if (!this.isDraining && !this.options.isTrusted()) this.drain();
      return;
    }
    // Held while it runs: see `written`.
    this.writer.schedule();
    // Copied where there is one: the handler may keep it, and the chunk holds the calls of others.
    const own = size === 0 ? undefined : Buffer.from(bytes.subarray(body, end));
    const { caller, deliver } = this.options;
    const wantsHead = (flagsAt(bytes, at) & WANTS_HEAD) !== 0;
    const call = new ServedCall(this, stream, caller, head, own, wantsHead, undefined);
    this.calls[stream] = call;
    this.count += 1;
    try {
      deliver(call);
    } catch (error) {
      // As by HTTP it ends nobody else's call: it is an uncaught exception, and the process decides.
      process.nextTick(rethrow, error);
    }
  }

  private cancelled(stream: number): void {
    const call = this.calls[stream];
    // Answered already, and the answer is on its way: it is the last frame, as this is otherwise.
    if (call === undefined) return;
    this.reset(call, RESET_LOST);
    this.over(call);
    call.gone();
  }

  private written(): void {
    const { due } = this;
    if (due.length > 0) {
      this.due = [];
      const nowMs = this.clock.monotonicMs();
      for (const call of due) call.flush(nowMs);
    }
    const isBusy = this.count > 0;
    // Most calls are answered in the turn in which they come.
    this.side.hold(isBusy);
    // A server that was closed waits for its links as it waits for its other connections.
    if (!isBusy && !this.server.listening) this.drain();
    if (this.socket.writableLength > MAX_UNSENT_BYTES && !this.socket.isPaused()) this.socket.pause();
  }

  private drained(): void {
    if (this.socket.isPaused()) this.socket.resume();
    for (const call of this.calls) call?.grant(0);
  }

  get isCongested(): boolean {
    return this.socket.writableLength > MAX_UNSENT_BYTES;
  }

  answer(call: ServedCall, status: number, isJson: boolean, head: string, body: string | Uint8Array): void {
    this.writer.frame(ANSWER, isJson ? IS_JSON : 0, call.stream, status, head, body);
    this.over(call);
  }

  head(call: ServedCall, status: number, head: string): void {
    this.writer.frame(HEAD, 0, call.stream, status, head, '');
  }

  data(call: ServedCall, bytes: Uint8Array): void {
    this.writer.frame(DATA, 0, call.stream, 0, '', bytes);
  }

  end(call: ServedCall): void {
    this.writer.frame(END, 0, call.stream, 0, '', '');
    this.over(call);
  }

  reset(call: ServedCall, reason: number): void {
    this.writer.frame(RESET, 0, call.stream, reason, '', '');
  }

  later(call: ServedCall): void {
    this.due.push(call);
    this.writer.schedule();
  }

  over(call: ServedCall): void {
    if (this.calls[call.stream] !== call) return;
    this.calls[call.stream] = undefined;
    this.count -= 1;
  }

  get isIdle(): boolean {
    return this.count === 0;
  }

  /** Takes no new calls; those that run may end. The other side closes, because a call of its may be on the way. */
  drain(): void {
    if (this.isDraining || this.side.isClosed) return;
    this.isDraining = true;
    this.writer.frame(GO_AWAY, 0, 0, 0, '', '');
  }

  tick(): void {
    this.side.tick();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private closed(): void {
    this.options.counters.linksIn -= 1;
    for (const call of this.calls.splice(0)) call?.gone();
    this.options.onClosed(this);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
