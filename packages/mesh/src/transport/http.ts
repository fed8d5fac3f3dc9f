// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { ConnectTls } from '../trust/certificates.ts';
import { addField, type Fields } from './fields.ts';
import { failure } from './http-failure.ts';
import { StreamExchange } from './http-stream.ts';
import {
  type AnswerHeaders,
  type DisconnectListener,
  type Transport,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
} from './transport.ts';
import { type Handler, onTheWire, openPool, type Pool, type RequestOptions, type WireHandler } from './undici.ts';

export interface HttpTransportOptions {
  /** Longest wait for a connection. Higher waits longer on dead hosts; lower gives up on far ones. @default 500 */
  readonly connectTimeoutMs?: number;
  /** Connections to one instance at most; further requests queue. @default 128 */
  readonly maxConnections?: number;
  readonly onDisconnect?: DisconnectListener;
  /** What a TLS connection to an origin is given. @default nothing */
  readonly tls?: (origin: string) => ConnectTls;
}

const NO_TLS: ConnectTls = Object.freeze({});

const CONNECT_TIMEOUT_MS = 500;
const MAX_CONNECTIONS = 128;
/** Below every common server's keep-alive time-out (Node: 5 s), so that we never write to a connection that is being closed. */
const IDLE_CONNECTION_MS = 4_000;

/** HTTP/1.1 over undici: one pool of kept-alive connections an instance. No redirects are followed. */
export function createHttpTransport(options: HttpTransportOptions = {}): Transport {
  /** Every pool there is, and those among them that are open: nearly every call finds its own here, and waits for nothing. */
  const opening = new Map<string, Promise<Pool>>();
  const pools = new Map<string, Pool>();
  /** Forgotten ones on which calls are under way. */
  const retired = new Set<Promise<Pool>>();
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, maxConnections = MAX_CONNECTIONS, onDisconnect, tls = () => NO_TLS } = options;

  function poolOf(origin: string): Promise<Pool> {
    let pool = opening.get(origin);
    if (pool === undefined) {
      pool = openPool(origin, {
        maxConnections,
        connectTimeoutMs,
        idleConnectionMs: IDLE_CONNECTION_MS,
        tls: tls(origin),
        // Those that we let go of ourselves are no sign of anything.
        onDisconnect: onDisconnect && (() => void (opening.get(origin) === pool && onDisconnect(origin))),
      });
      opening.set(origin, pool);
      pool.then(
        (opened) => {
          // Forgotten, or all closed, while it was made.
          if (opening.get(origin) === pool) pools.set(origin, opened);
        },
        () => opening.delete(origin),
      );
    }
    return pool;
  }

  function forget(origin: string): void {
    const forgotten = opening.get(origin);
    if (forgotten === undefined) return;
    opening.delete(origin);
    pools.delete(origin);
    retired.add(forgotten);
    void forgotten
      .then((pool) => pool.close().catch(() => pool.destroy()))
      // It could not be opened: whoever asked for it has heard so.
      .catch(() => {})
      .finally(() => retired.delete(forgotten));
  }

  function dispatch(request: TransportRequest, handler: Handler, onError: (error: Error) => void): void {
    const pool = pools.get(request.origin);
    if (pool !== undefined) {
      try {
        pool.dispatch(dispatchOptions(request), handler);
      } catch (error) {
        onError(error as Error);
      }
      return;
    }
    poolOf(request.origin)
      .then((opened) => {
        if (request.cancellation.reason === undefined) opened.dispatch(dispatchOptions(request), handler);
      })
      .catch(onError);
  }

  return {
    request: (request) =>
      new Promise((resolve, reject) => {
        const exchange = new Exchange(request, resolve, reject);
        dispatch(request, onTheWire(exchange), (error) => exchange.onError(error));
      }),

    stream: (request) =>
      new Promise((resolve, reject) => {
        const exchange = new StreamExchange(request, resolve, reject);
        dispatch(request, exchange, (error) => exchange.onResponseError(undefined, error));
      }),

    forget,

    renew() {
      for (const origin of [...opening.keys()]) if (origin.startsWith('https:')) forget(origin);
    },

    async close() {
      const open = [...opening.values(), ...retired];
      opening.clear();
      pools.clear();
      await Promise.all(open.map(async (pool) => (await pool).destroy()));
    },
  };
}

function dispatchOptions(request: TransportRequest): RequestOptions {
  return {
    path: request.path,
    method: request.method as RequestOptions['method'],
    headers: request.headers,
    body: request.body ?? null,
  };
}

/**
 * One request and its answer: the handler that undici calls, one object a call. Fields without `#`, which cost more on the
 * versions of V8 that Node 20 and 22 have.
 */
class Exchange implements WireHandler {
  private readonly request: TransportRequest;
  private readonly resolve: (answer: TransportAnswer) => void;
  private readonly reject: (failure: TransportFailure) => void;
  private isStarted = false;
  private status = 0;
  private rawHeaders: readonly Buffer[] = [];
  private first: Buffer | undefined = undefined;
  private chunks: Buffer[] | undefined = undefined;
  private size = 0;
  private abort: ((reason: Error) => void) | undefined = undefined;

  constructor(
    request: TransportRequest,
    resolve: (answer: TransportAnswer) => void,
    reject: (failure: TransportFailure) => void,
  ) {
    this.request = request;
    this.resolve = resolve;
    this.reject = reject;
    // Until undici starts it, the request waits in a queue that nobody can take it out of; its caller need not wait along.
    request.cancellation.listen((reason) => reject(new TransportFailure('cancelled', reason)));
  }

  onConnect(abort: (reason: Error) => void): void {
    this.isStarted = true;
    this.abort = abort;
    this.request.cancellation.listen(abort);
  }

  onHeaders(status: number, rawHeaders: readonly Buffer[]): boolean {
    // 1xx answers are words on the way: the last head is the one that counts.
    this.status = status;
    this.rawHeaders = rawHeaders;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.size += chunk.length;
    const { maxAnswerBytes } = this.request;
    if (maxAnswerBytes !== undefined && this.size > maxAnswerBytes) {
      this.abort?.(new Error(`the answer is larger than ${maxAnswerBytes} bytes`));
    } else if (this.first === undefined) this.first = chunk;
    else {
      this.chunks ??= [this.first];
      this.chunks.push(chunk);
    }
    return true;
  }

  onComplete(): void {
    this.request.cancellation.listen(undefined);
    const body = this.chunks === undefined ? (this.first ?? EMPTY) : Buffer.concat(this.chunks, this.size);
    this.resolve(new Answer(this.status, this.rawHeaders, body));
  }

  onError(error: Error): void {
    this.request.cancellation.listen(undefined);
    this.reject(failure(error, this.request.cancellation, !this.isStarted, this.status >= 200));
  }
}

/** Most callers look at one header, so they are read from the wire when somebody asks. */
class Answer implements TransportAnswer {
  readonly status: number;
  readonly body: Buffer;
  private readonly rawHeaders: readonly Buffer[];
  private parsed: AnswerHeaders | undefined = undefined;

  constructor(status: number, rawHeaders: readonly Buffer[], body: Buffer) {
    this.status = status;
    this.rawHeaders = rawHeaders;
    this.body = body;
  }

  get headers(): AnswerHeaders {
    this.parsed ??= parseHeaders(this.rawHeaders);
    return this.parsed;
  }

  get contentType(): string {
    const { rawHeaders } = this;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as Buffer;
      if (name.length === CONTENT_TYPE.length && name.toString('latin1').toLowerCase() === CONTENT_TYPE) {
        const value = rawHeaders[at + 1] as Buffer;
        return value.toString('latin1');
      }
    }
    return '';
  }
}

const CONTENT_TYPE = 'content-type';

/** Names in small letters; a field that came more than once is a list. */
function parseHeaders(rawHeaders: readonly Buffer[]): AnswerHeaders {
  const headers: Fields = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as Buffer).toString('latin1').toLowerCase();
    const value = (rawHeaders[at + 1] as Buffer).toString('latin1');
    addField(headers, name, value);
  }
  return headers;
}

const EMPTY = Buffer.alloc(0);
