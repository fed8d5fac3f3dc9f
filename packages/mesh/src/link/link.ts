// Hot path: every call over a link. Its bench: bench/link-cost.mjs
import type { Socket } from 'node:net';
import { type Answered, type TransportAnswer, TransportFailure, type TransportRequest } from '../transport/transport.ts';
import { LinkAnswer } from './answer-codec.ts';
import { codeAt, type FrameReceiver, flagsAt } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { LinkEnd } from './link-end.ts';
import {
  ANSWER,
  CANCEL,
  DATA,
  END,
  expectsBody,
  FRAME_HEADER_BYTES,
  GO_AWAY,
  HAS_BODY,
  HAS_OWN,
  HEAD,
  IS_JSON,
  lost,
  MAX_REQUEST_HEAD_BYTES,
  MAX_STREAMS,
  MAX_UNSENT_BYTES,
  PING,
  PONG,
  REQUEST,
  RESET,
  RESET_NOT_EXECUTED,
  RESET_NOT_FOR_LINK,
  violation,
  WANTS_HEAD,
  WINDOW,
  WINDOW_BYTES,
} from './protocol.ts';
import { encodeRequestHead, isPath, isSaidShortly } from './request-codec.ts';
import type { SealKeys } from './seal.ts';

export interface LinkOptions {
  readonly socket: Socket;
  /** Where the calls of one side are signed. */
  readonly seal: SealKeys | undefined;
  /** Sends a request over HTTP that surely was not executed. */
  readonly overHttp: (request: TransportRequest) => Promise<TransportAnswer>;
  readonly onNotForLink: (request: TransportRequest) => void;
  /** @param wasExpected one of the two sides had said that it would end */
  readonly onClosed: (link: Link, wasExpected: boolean) => void;
}

/** One link on the side of the caller. */
export class Link implements FrameReceiver {
  private readonly options: LinkOptions;
  private readonly socket: Socket;
  private readonly side: LinkEnd;
  private readonly writer: FrameWriter;
  /** By stream. A stream is used again when its last frame was seen, so one that was cancelled keeps its place until then. */
  private readonly calls: (LinkCall | undefined)[] = [];
  private readonly free: number[] = [];
  private count = 0;
  /** Grows with every write: a call whose number is still this one has not left. */
  private turn = 0;
  private isEnding = false;

  constructor(options: LinkOptions) {
    const { socket, seal } = options;
    this.options = options;
    this.socket = socket;
    this.side = new LinkEnd({
      socket,
      seal: seal && { out: seal.toServer, in: seal.toCaller },
      receiver: this,
      onWritten: () => this.written(),
      onClosed: () => this.closed(),
    });
    this.writer = this.side.writer;
  }

  /** Whether a call may go this way now. */
  get isUsable(): boolean {
    return !this.isEnding && this.count < MAX_STREAMS && this.socket.writableLength < MAX_UNSENT_BYTES;
  }

  request(request: TransportRequest, answered: Answered): void {
    const { own, method, path } = request;
    const head = encodeRequestHead(method, path, request.headers, own);
    // Looked at in the whole head: the path alone would be put together from its pieces once more.
    const at = method.length + 1;
    if (head.length > MAX_REQUEST_HEAD_BYTES || !isPath(head, at, at + path.length)) {
      this.overHttp(request, answered);
      return;
    }
    const { cancellation, body } = request;
    if (cancellation.reason !== undefined) {
      answered(undefined, new TransportFailure('cancelled', cancellation.reason));
      return;
    }
    const stream = this.free.pop() ?? this.calls.length;
    const call = new LinkCall(this, request, stream, this.turn, answered);
    this.calls[stream] = call;
    this.count += 1;
    cancellation.listen((reason) => this.cancel(call, reason));
    const hasBody = body !== undefined || expectsBody(method);
    const isShort = isSaidShortly(own);
    const flags = (hasBody ? HAS_BODY : 0) | (request.wantsHead === false ? 0 : WANTS_HEAD) | (isShort ? HAS_OWN : 0);
    this.writer.frame(
      REQUEST,
      flags,
      stream,
      isShort ? own.remainingMs : 0,
      head,
      (body as string | Uint8Array | undefined) ?? '',
    );
  }

  private overHttp(request: TransportRequest, answered: Answered): void {
    this.options.overHttp(request).then(
      (answer) => answered(answer, undefined),
      (failure: unknown) => answered(undefined, failure),
    );
  }

  private cancel(call: LinkCall, reason: Error): void {
    if (call.isOver) return;
    call.isOver = true;
    this.writer.frame(CANCEL, 0, call.stream, 0, '', '');
    // Not a word since it was sent: whether anybody is there at all is found out now, not at the next interval.
    if (!this.side.isHeard) this.side.tick();
    call.answered(undefined, new TransportFailure('cancelled', reason));
  }

  /** The answer is more than its caller takes. */
  abort(call: LinkCall, why: Error): void {
    if (call.isOver) return;
    call.isOver = true;
    call.request.cancellation.listen(undefined);
    this.writer.frame(CANCEL, 0, call.stream, 0, '', '');
    call.answered(undefined, new TransportFailure('lost', why));
  }

  /** Its last frame is here. Answers whether somebody still waits for it. */
  finish(call: LinkCall): boolean {
    this.calls[call.stream] = undefined;
    this.free.push(call.stream);
    this.count -= 1;
    if (this.count === 0) this.writer.schedule();
    if (call.isOver) return false;
    call.isOver = true;
    call.request.cancellation.listen(undefined);
    return true;
  }

  /** Only calls under way keep a process alive. Looked at once a turn: the next call often comes in the turn of an answer. */
  private written(): void {
    this.turn += 1;
    const isBusy = this.count > 0;
    this.side.hold(isBusy);
    if (!isBusy && this.isEnding) this.socket.end();
  }

  onFrame(kind: number, stream: number, bytes: Buffer, at: number, body: number, end: number): void {
    if (kind === PING) this.writer.frame(PONG, 0, 0, 0, '', '');
    else if (kind === GO_AWAY) this.end();
    else if (kind !== PONG) {
      const call = this.calls[stream];
      if (kind < ANSWER || kind > RESET || kind === CANCEL) violation(`a frame of kind ${kind}`);
      if (call === undefined) violation('an answer to nothing');
      this.answer(call, kind, bytes, at, body, end);
    }
  }

  private answer(call: LinkCall, kind: number, bytes: Buffer, at: number, body: number, end: number): void {
    switch (kind) {
      case ANSWER:
        call.whole(bytes, at, body, end);
        return;
      case HEAD:
        call.begun(bytes, at, body);
        return;
      case DATA:
        call.taken(bytes, body, end);
        return;
      case END:
        call.completed();
        return;
      default:
        this.wasReset(call, codeAt(bytes, at));
    }
  }

  private wasReset(call: LinkCall, reason: number): void {
    if (reason === RESET_NOT_FOR_LINK) this.options.onNotForLink(call.request);
    if (!this.finish(call)) return;
    if (reason === RESET_NOT_EXECUTED) this.overHttp(call.request, call.answered);
    else call.answered(undefined, lost('the other side ended the call without an answer'));
  }

  /** Bytes of an answer were taken in: its sender may go on. */
  grant(stream: number, bytes: number): void {
    const window = Buffer.allocUnsafe(4);
    window.writeUInt32LE(bytes);
    this.writer.frame(WINDOW, 0, stream, 0, '', window);
  }

  /** No new calls; closes when those under way are answered. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.writer.schedule();
  }

  tick(): void {
    this.side.tick();
  }

  destroy(): void {
    this.isEnding = true;
    // Whoever ends it leaves: what waits here is not sent any more, over HTTP neither.
    this.turn += 1;
    this.socket.destroy();
  }

  private closed(): void {
    const wasExpected = this.isEnding;
    this.isEnding = true;
    const open = this.calls.splice(0);
    this.options.onClosed(this, wasExpected);
    for (const call of open) {
      if (call === undefined || call.isOver) continue;
      call.isOver = true;
      call.request.cancellation.listen(undefined);
      if (call.turn === this.turn) this.overHttp(call.request, call.answered);
      else call.answered(undefined, lost('the link was closed before the answer was here'));
    }
  }
}

/** One call under way: one object. */
class LinkCall {
  readonly request: TransportRequest;
  readonly stream: number;
  readonly turn: number;
  /** Answered, failed or cancelled: nobody waits for it. */
  isOver = false;
  readonly answered: Answered;
  private readonly link: Link;
  private status = 0;
  private head = '';
  private chunks: Buffer[] | undefined = undefined;
  private size = 0;
  private ungranted = 0;

  constructor(link: Link, request: TransportRequest, stream: number, turn: number, answered: Answered) {
    this.link = link;
    this.request = request;
    this.stream = stream;
    this.turn = turn;
    this.answered = answered;
  }

  whole(bytes: Buffer, at: number, body: number, end: number): void {
    if (this.chunks !== undefined) violation('a second answer');
    const { maxAnswerBytes } = this.request;
    if (maxAnswerBytes !== undefined && end - body > maxAnswerBytes && !this.isOver) {
      this.isOver = true;
      this.request.cancellation.listen(undefined);
      this.answered(undefined, new TransportFailure('lost', tooLarge(maxAnswerBytes)));
    }
    if (!this.link.finish(this)) return;
    const isJson = (flagsAt(bytes, at) & IS_JSON) !== 0;
    this.answered(new LinkAnswer(codeAt(bytes, at), isJson, bytes, at + FRAME_HEADER_BYTES, body, end), undefined);
  }

  begun(bytes: Buffer, at: number, body: number): void {
    if (this.chunks !== undefined) violation('a second head');
    this.chunks = [];
    this.status = codeAt(bytes, at);
    this.head = bytes.latin1Slice(at + FRAME_HEADER_BYTES, body);
  }

  taken(bytes: Buffer, body: number, end: number): void {
    if (this.chunks === undefined) violation('a body before its head');
    const size = end - body;
    this.size += size;
    this.ungranted += size;
    const { maxAnswerBytes } = this.request;
    if (maxAnswerBytes !== undefined && this.size > maxAnswerBytes) {
      this.link.abort(this, tooLarge(maxAnswerBytes));
    }
    if (this.isOver) return;
    // Copied: one small piece would hold the whole chunk that it came in.
    this.chunks.push(Buffer.from(bytes.subarray(body, end)));
    if (this.ungranted >= WINDOW_BYTES / 2) {
      this.link.grant(this.stream, this.ungranted);
      this.ungranted = 0;
    }
  }

  completed(): void {
    if (this.chunks === undefined) violation('an end without a beginning');
    if (!this.link.finish(this)) return;
    this.answered(LinkAnswer.of(this.status, false, this.head, Buffer.concat(this.chunks, this.size)), undefined);
  }
}

function tooLarge(maxBytes: number): Error {
  return new Error(`the answer is larger than ${maxBytes} bytes`);
}
