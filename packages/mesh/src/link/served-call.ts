// Hot path: every call that comes over a link. Its bench: bench/link-cost.mjs
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Caller, Clock, Timer } from '@express-micro/core';
import type { Linked, OwnHeaders } from '../wire.ts';
import { isJsonHead } from './answer-codec.ts';
import {
  type BornRequest,
  type BornResponse,
  requestFinished,
  responseAborted,
  responseClosed,
  responseDrained,
} from './born.ts';
import { ConnectionFace, type ConnectionFacts } from './connection-face.ts';
import { MAX_HEAD_BYTES, MAX_WHOLE_BYTES, RESET_LOST, RESET_NOT_FOR_LINK, WINDOW_BYTES } from './protocol.ts';
import type { RequestHead } from './request-codec.ts';

/** What brings calls to the app and their answers back: a link, or the caller in this process. */
export interface Carrier {
  readonly server: Server;
  readonly clock: Clock;
  /** What `Host` says. */
  readonly host: string;
  /** The connection underneath: addresses, TLS. */
  readonly connection: ConnectionFacts;
  /** So much waits for a slow peer that nothing more is put in. */
  readonly isCongested: boolean;
  answer(call: ServedCall, status: number, isJson: boolean, head: string, body: string | Uint8Array): void;
  head(call: ServedCall, status: number, head: string): void;
  data(call: ServedCall, bytes: Uint8Array): void;
  end(call: ServedCall): void;
  reset(call: ServedCall, reason: number): void;
  /** Has `call.flush` run when this turn is over. */
  later(call: ServedCall): void;
  /** Nothing more comes of it. */
  over(call: ServedCall): void;
}

type Callback = (error?: Error | null) => void;

/** Corked and uncorked by Node; there is nothing to hold back. */
interface WritableState {
  corked: number;
}

/**
 * One call as the app sees it, in the place where its socket would be: what is done to `req.socket` is done to this call
 * and to no other. It takes what the response writes, and gives it to the carrier as one answer or in pieces.
 */
export class ServedCall extends ConnectionFace implements Linked {
  override readonly carrier: Carrier;
  readonly stream: number;
  readonly caller: Caller;
  readonly head: RequestHead;
  readonly body: Buffer | undefined;
  readonly cameAtMs: number | undefined;
  serving: Linked['serving'] = undefined;
  req: BornRequest | undefined = undefined;
  res: BornResponse | undefined = undefined;
  _httpMessage: ServerResponse | null = null;
  override destroyed = false;
  closed = false;
  timeout: number | undefined = undefined;
  readonly _writableState: WritableState = CORKED;
  /** Ended, cancelled or lost: nothing of it goes out any more. */
  isOver = false;
  /** The response is complete; what is left is to send it. */
  isEnded = false;
  /** Whether the caller looks at the head of a good answer. */
  readonly wantsHead: boolean;
  /** In the carrier's list of calls to flush. */
  isDue = false;
  private isHeadSent = false;
  private isSettled = false;
  private chunks: (string | Uint8Array)[] | undefined = undefined;
  protected override chunkBytes = 0;
  private callbacks: Callback[] | undefined = undefined;
  private window = WINDOW_BYTES;
  private timer: Timer | undefined = undefined;

  /** @param cameAtMs when it was made, where that was in this process */
  constructor(
    carrier: Carrier,
    stream: number,
    caller: Caller,
    head: RequestHead,
    body: Buffer | undefined,
    wantsHead: boolean,
    cameAtMs: number | undefined,
  ) {
    super();
    this.carrier = carrier;
    this.stream = stream;
    this.caller = caller;
    this.head = head;
    this.body = body;
    this.wantsHead = wantsHead;
    this.cameAtMs = cameAtMs;
  }

  get own(): OwnHeaders | undefined {
    return this.head.own;
  }

  get isBare(): boolean {
    return this.head.isBare;
  }

  /** What the response sends: a part of the body, or nothing, to have the head sent. */
  take(data: string | Uint8Array, encoding: BufferEncoding | null | undefined, callback: Callback | null | undefined): boolean {
    if (typeof callback === 'function') {
      if (this.callbacks === undefined) this.callbacks = [callback];
      else this.callbacks.push(callback);
    }
    if (data.length > 0) {
      const isText = typeof data === 'string';
      const chunk = isText && !isUtf8(encoding) ? Buffer.from(data, encoding as BufferEncoding) : data;
      if (this.chunks === undefined) this.chunks = [chunk];
      else this.chunks.push(chunk);
      this.chunkBytes += typeof chunk === 'string' ? chunk.length * 3 : chunk.length;
    }
    this.due();
    return this.chunkBytes < (this.res as BornResponse).writableHighWaterMark;
  }

  /** The response was ended. */
  ended(): void {
    if (this.isEnded || this.isOver) return;
    this.isEnded = true;
    const { chunks } = this;
    if (!this.isHeadSent && this.chunkBytes <= MAX_WHOLE_BYTES) {
      const body = chunks === undefined ? '' : chunks.length === 1 ? (chunks[0] as string) : Buffer.concat(chunks.map(toBytes));
      this.answerWhole(body);
    }
    this.due();
  }

  private answerWhole(body: string | Uint8Array): void {
    const res = this.res as BornResponse;
    const head = res._header as string;
    if (head.length > MAX_HEAD_BYTES) {
      this.refuse(RESET_LOST);
      return;
    }
    this.chunks = undefined;
    this.chunkBytes = 0;
    this.isHeadSent = true;
    this.isOver = true;
    const isJson = isJsonHead(head);
    const isSpared = isJson && !this.wantsHead && res.statusCode < 300;
    this.carrier.answer(this, res.statusCode, isJson, isSpared ? '' : head, body);
  }

  /** An answer that is JSON and nothing else, for a caller who does not look at its head. */
  answeredJson(status: number, text: string): void {
    this.isEnded = true;
    this.isHeadSent = true;
    this.isOver = true;
    this.carrier.answer(this, status, true, '', text);
    this.due();
  }

  private due(): void {
    if (this.isDue) return;
    this.isDue = true;
    this.carrier.later(this);
  }

  /** The turn is over: sends what may be sent, and tells who waits for it. @param atMs now, where that is known */
  flush(atMs?: number): void {
    this.isDue = false;
    if (!this.isOver) this.pump();
    if (this.isOver && this.isEnded && !this.destroyed) this.settle(atMs);
  }

  /** The caller has taken in so much more. */
  grant(bytes: number): void {
    this.window += bytes;
    if (!this.isOver) this.pump();
    if (this.isOver && this.isEnded && !this.isDue) this.settle();
  }

  /** The same, in the midst of sending. */
  widen(bytes: number): void {
    this.window += bytes;
  }

  private pump(): void {
    const res = this.res as BornResponse;
    const { carrier } = this;
    if (res._header === null) return;
    if (!this.isHeadSent) {
      if (res._header.length > MAX_HEAD_BYTES) {
        this.refuse(RESET_LOST);
        return;
      }
      this.isHeadSent = true;
      carrier.head(this, res.statusCode, res._header);
    }
    const { chunks } = this;
    while (chunks !== undefined && chunks.length > 0) {
      if (this.window <= 0 || carrier.isCongested) return;
      const first = toBytes(chunks[0] as string);
      const room = Math.min(this.window, MAX_WHOLE_BYTES);
      const piece = first.length > room ? first.subarray(0, room) : first;
      if (piece === first) chunks.shift();
      else chunks[0] = first.subarray(room);
      this.window -= piece.length;
      carrier.data(this, piece);
    }
    this.chunks = undefined;
    this.chunkBytes = 0;
    if (this.isEnded) {
      this.isOver = true;
      carrier.end(this);
      return;
    }
    this.tellWritten();
    responseDrained(res);
  }

  private tellWritten(): void {
    const { callbacks } = this;
    if (callbacks === undefined) return;
    this.callbacks = undefined;
    for (const callback of callbacks) callback();
  }

  /** The answer is on its way: what Node does when a response is finished. */
  private settle(atMs?: number): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.timer?.stop();
    this.carrier.over(this);
    requestFinished(this.req as BornRequest);
    const res = this.res as BornResponse;
    this._httpMessage = null;
    // Node's own `detachSocket`, without a listener to take off.
    (res as { socket: unknown }).socket = null;
    this.tellWritten();
    responseClosed(res, atMs);
  }

  /** The caller went away, or the link did. */
  gone(): void {
    if (this.isSettled) return;
    this.isOver = true;
    this.isSettled = true;
    this.destroyed = true;
    this.chunks = undefined;
    this.callbacks = undefined;
    this.timer?.stop();
    const aborted = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    (this.req as BornRequest).destroy(aborted);
    responseAborted(this.res as BornResponse);
    this.closed = true;
    this.emit('close', false);
  }

  /** Ends this call without an answer. */
  private refuse(reason: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.destroyed = true;
    this.carrier.reset(this, reason);
    this.carrier.over(this);
    process.nextTick(tellGone, this);
  }

  /** A handler did to the connection what can be done to a connection of its own only. */
  private notForLink(): void {
    this.refuse(RESET_NOT_FOR_LINK);
  }

  // From here on: what a handler may do to `req.socket`.

  destroy(_error?: Error): this {
    if (!this.isOver) this.refuse(RESET_LOST);
    else if (!this.destroyed) {
      this.destroyed = true;
      process.nextTick(tellGone, this);
    }
    return this;
  }

  /** Of TCP: what is left is dropped, as `destroy()` does for a call anyhow. */
  resetAndDestroy(): this {
    return this.destroy();
  }

  destroySoon(): void {
    if (!this.isEnded) this.destroy();
  }

  end(data?: unknown): this {
    if (data !== undefined && data !== null && typeof data !== 'function') this.notForLink();
    else this.destroySoon();
    return this;
  }

  write(): boolean {
    this.notForLink();
    return false;
  }

  pipe(target: unknown): unknown {
    this.notForLink();
    return target;
  }

  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    if (event === 'data' || event === 'readable') this.notForLink();
    return super.on(event, listener as () => void);
  }

  override addListener(event: string | symbol, listener: (...args: never[]) => void): this {
    return this.on(event, listener);
  }

  setTimeout(delayMs: number, callback?: () => void): this {
    this.timer?.stop();
    this.timer = undefined;
    this.timeout = delayMs;
    if (callback !== undefined) this.once('timeout', callback);
    if (delayMs > 0 && !this.isSettled) this.timer = this.carrier.clock.after(delayMs, () => timedOut(this));
    return this;
  }
}

/** Node sets it before it uncorks; shared, because nobody reads it. */
const CORKED: WritableState = { corked: 0 };

function isUtf8(encoding: string | null | undefined): boolean {
  return encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8';
}

function toBytes(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

function tellGone(call: ServedCall): void {
  call.gone();
}

/** As Node: whoever listens deals with it, else the connection ends. */
function timedOut(call: ServedCall): void {
  const { req, res, server } = call;
  const wasHeard = [
    (req as IncomingMessage | undefined)?.complete !== true && req?.emit('timeout', call) === true,
    res?.emit('timeout', call) === true,
    server.emit('timeout', call),
    call.emit('timeout'),
  ].includes(true);
  if (!wasHeard) call.destroy();
}
