// Hot path: every call that comes over a link. Its bench: bench/link-cost.mjs
import { channel } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LINKED, type Linked } from '../wire.ts';
import { createJson, type JsonState } from './json-answer.ts';
import { createSetHeader } from './powered-by.ts';
import type { ServedCall } from './served-call.ts';

/** Prototypes of requests and responses: the app's own, so that Express finds nothing to change. */
export interface Prototypes {
  readonly request: object;
  readonly response: object;
  /** What `res.json` sends for a value, if the app's is one that does nothing else; `undefined` where it is not, or for this value. */
  readonly toJson: ((value: unknown) => string | undefined) | undefined;
}

export interface BornRequest extends IncomingMessage {
  _addHeaderLines(headers: string[], count: number): void;
  _dump(): void;
}

export interface BornResponse extends ServerResponse {
  _header: string | null;
  /** Its `res.json` was answered without writing a head. */
  _linkText: string | undefined;
}

/** Makes the request and the response of a call and has the server's listeners run, as if the call had come by HTTP. */
export type Deliver = (call: ServedCall) => void;

type RequestState = BornRequest & {
  _linkBody: Buffer | null | undefined;
  [LINKED]: Linked;
};
type ResponseState = Omit<BornResponse, 'end' | 'socket' | 'setHeader'> &
  JsonState & {
    end: unknown;
    socket: unknown;
    setHeader: unknown;
    _events: object;
    _linkCall: ServedCall;
    _closed: boolean;
    _headerSent: boolean;
    chunkedEncoding: boolean;
    _storeHeader: unknown;
    _send: unknown;
    _writeRaw: unknown;
    _keepAliveTimeout: number;
    _maxRequestsPerSocket: number | null;
    [symbol: symbol]: unknown;
  };

/** Node says here what a server serves; whoever listens hears of calls over a link too. */
const started = channel('http.server.request.start');
const finished = channel('http.server.response.finish');

interface HttpServerFields {
  readonly keepAliveTimeout?: number;
  readonly maxRequestsPerSocket?: number;
  readonly timeout?: number;
}

const SYMBOLS = Object.getOwnPropertySymbols(new ServerResponse(new IncomingMessage(undefined as unknown as Socket)));
const symbolOf = (name: string) => SYMBOLS.find(({ description }) => description === name);
/** Node's own flag for a writer who was told to wait. */
const NEED_DRAIN = symbolOf('kNeedDrain');
/** Node 24 and later keep it; before, it is worked out. */
const WRITABLE_FINISHED = symbolOf('kWritableFinished');

/** How Node remembers that it was given the table of listeners, which it then never takes a name out of. */
const SHAPE_MODE = symbolOf('shapeMode');

/** An empty table of listeners as Node makes one, with room that V8 has planned: Node's own is a dictionary from its birth. */
const NoListeners = function NoListeners() {} as unknown as { new (): object };
NoListeners.prototype = Object.create(null);

/** Whether this Node has what links are made of: it is looked at, never assumed. */
export const CAN_SERVE_LINKS: boolean =
  NEED_DRAIN !== undefined &&
  ['_addHeaderLines', '_dump', '_read'].every((name) => typeof Reflect.get(IncomingMessage.prototype, name) === 'function') &&
  ['_send', '_storeHeader', '_writeRaw'].every((name) => typeof Reflect.get(ServerResponse.prototype, name) === 'function');

type Constructor = (this: object, first: unknown, second?: unknown) => void;

/**
 * Node's own classes, of which all but the way to the wire is used as it is: headers, state, errors and events are
 * Node's, in whatever version runs. Only the three methods that hand bytes to a socket are replaced.
 */
export function createDelivery({ request, response, toJson }: Prototypes): Deliver {
  const ofRequest = IncomingMessage as unknown as Constructor;
  const ofResponse = ServerResponse as unknown as Constructor;
  const inherited = response as ServerResponse & {
    _storeHeader(this: object, firstLine: string, headers: unknown): void;
  };

  function Request(this: RequestState, call: ServedCall): void {
    ofRequest.call(this, call);
    this.method = call.head.method;
    this.url = call.head.url;
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.httpVersion = '1.1';
    this._linkBody = call.body ?? null;
    this[LINKED] = call;
    this._read = readBody;
  }
  Request.prototype = request;
  // V8 plans room for the fields of a constructor and of those that it inherits from: without this they are moved time and again.
  Object.setPrototypeOf(Request, IncomingMessage);

  function Response(this: ResponseState, req: BornRequest, call: ServedCall): void {
    this._events = new NoListeners();
    this._eventsCount = 0;
    ofResponse.call(this, req);
    if (SHAPE_MODE !== undefined) this[SHAPE_MODE] = false;
    this._linkCall = call;
    this._linkText = undefined;
    this._storeHeader = storeHeader;
    this._send = send;
    this._writeRaw = writeRaw;
    this.end = end;
    if (setHeader !== undefined) this.setHeader = setHeader;
    if (json !== undefined) this.json = json;
  }
  const setHeader = createSetHeader(response);
  const json = toJson === undefined ? undefined : createJson(response, toJson, { end, setHeader });
  Response.prototype = response;
  Object.setPrototypeOf(Response, ServerResponse);

  /** Node writes the head, every field as it would be on the wire; in how many pieces the body goes is the link's business. */
  function storeHeader(this: ResponseState, firstLine: string, headers: unknown): void {
    inherited._storeHeader.call(this, firstLine, headers);
    this.chunkedEncoding = false;
  }

  function end(this: ResponseState, chunk: unknown, encoding: unknown, callback: unknown): ResponseState {
    (inherited.end as (this: object, ...args: unknown[]) => unknown).call(this, chunk, encoding, callback);
    if (this.finished) this._linkCall.ended();
    return this;
  }

  return (call) => {
    const req = new (Request as unknown as new (call: ServedCall) => RequestState)(call);
    const { rawHeaders, headers } = call.head;
    req._addHeaderLines(rawHeaders, rawHeaders.length);
    if (headers !== undefined) req.headers = headers;
    const res = new (Response as unknown as new (req: BornRequest, call: ServedCall) => ResponseState)(req, call);
    call.req = req;
    call.res = res as unknown as BornResponse;
    res.socket = call;
    call._httpMessage = call.res;
    const server = call.carrier.server as HttpServerFields & typeof call.carrier.server;
    res.shouldKeepAlive = true;
    res._keepAliveTimeout = server.keepAliveTimeout ?? 0;
    res._maxRequestsPerSocket = server.maxRequestsPerSocket ?? 0;
    if (server.timeout) call.setTimeout(server.timeout);
    if (started.hasSubscribers) started.publish({ request: req, response: res, socket: call, server });
    server.emit('request', req, res);
    // As by HTTP: while the listeners run the end of the message has not been seen yet.
    req.complete = true;
  };
}

/** Somebody reads the body. */
function readBody(this: RequestState): void {
  const body = this._linkBody;
  if (body === undefined) return;
  this._linkBody = undefined;
  this.complete = true;
  if (body !== null && body.length > 0) this.push(body);
  this.push(null);
}

/** The answer is out: an unread body is let go, as Node does. */
export function requestFinished(born: BornRequest): void {
  const req = born as RequestState;
  req.complete = true;
  if (req._linkBody === undefined || (req as { _eventsCount?: number })._eventsCount === 0) return;
  // First what is to be let go: Node 26 asks a message that is complete for no more than it holds.
  readBody.call(req);
  req._dump();
}

function send(
  this: ResponseState,
  data: string | Uint8Array,
  encoding?: BufferEncoding | null,
  callback?: (() => void) | null,
): boolean {
  this._headerSent = true;
  const call = this._linkCall;
  if (call.destroyed) return false;
  return call.take(data, encoding, callback);
}

/** 1xx answers: the mesh hands none to a caller, over HTTP neither. */
function writeRaw(this: ResponseState, _data: unknown, encoding?: unknown, callback?: unknown): boolean {
  const done = typeof encoding === 'function' ? encoding : callback;
  if (typeof done === 'function') process.nextTick(done as () => void);
  return true;
}

/** All that was written is on its way. */
export function responseDrained(born: BornResponse): void {
  const res = born as unknown as ResponseState;
  if (NEED_DRAIN === undefined || res[NEED_DRAIN] !== true || res.finished) return;
  res[NEED_DRAIN] = false;
  res.emit('drain');
}

/** Detached and finished: `finish` where Node's own way did not tell it, and `close` a moment later. */
export function responseClosed(born: BornResponse, atMs: number | undefined): void {
  const res = born as unknown as ResponseState;
  if (finished.hasSubscribers) {
    const { _linkCall: call, req } = res;
    finished.publish({ request: req, response: res, socket: call, server: call.server });
  }
  if (res._linkText !== undefined) {
    if (WRITABLE_FINISHED !== undefined) res[WRITABLE_FINISHED] = true;
    if (res._eventsCount > 0) {
      res.emit('prefinish');
      res.emit('finish');
    }
  }
  if (res._eventsCount > 0) process.nextTick(emitClose, res);
  else {
    res.destroyed = true;
    res._closed = true;
    tellClosed(res, atMs);
  }
}

/** The caller is gone before the answer was. */
export function responseAborted(born: BornResponse): void {
  emitClose(born as unknown as ResponseState);
}

function emitClose(res: ResponseState): void {
  if (res._closed) return;
  res.destroyed = true;
  res._closed = true;
  tellClosed(res);
  res.emit('close');
}

function tellClosed({ req }: ResponseState, atMs?: number): void {
  (req as unknown as RequestState)[LINKED].serving?.end(atMs);
}
