// Hot path: one object for each request to the app. Its bench: bench/log-line.mjs

import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Caller,
  type Clock,
  type Context,
  type Entrance,
  entranceOf,
  isRequestId,
  type Lifetime,
  markEntrance,
  type Random,
  systemClock,
} from '@express-micro/core';
import { type Complain, createComplaints } from '../complaints.ts';
import type { RequestTrace } from './request-trace.ts';

/** What looks at each request: access log, metrics, … Called in the order in which they stand. */
export interface RequestObserver {
  /** What is said to have failed where it throws: who looks must not end who serves. */
  readonly name: string;
  /** It has come; nothing of the app has run yet. */
  readonly began?: (request: ObservedRequest) => void;
  /** Its answer is out, or can never be: once a request, whatever happens to it. */
  readonly ended?: (request: ObservedRequest) => void;
}

/** What all requests of a process share. */
export interface RequestSurroundings {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * One request as an operator sees it, from its first moment to its last, and the context that its handlers see where no
 * mesh opens one. What is asked of it at the end is read when it is asked: most is never.
 */
export class ObservedRequest implements Context, Entrance {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** The target as it came: middleware and mounted apps rewrite `req.url`. */
  readonly url: string;
  /** Of the other end of the connection, which forgets it when it is closed. */
  readonly remoteAddress: string | undefined;
  readonly beganAtMs: number;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** The one that its handlers see: this itself, or the mesh's where there is one. */
  context: Context | undefined = undefined;
  readonly lifetime: Lifetime | undefined = undefined;
  /** When the head of the answer was written, where somebody watches that: see `watchHead`. */
  headAtMs: number | undefined = undefined;
  endedAtMs: number | undefined = undefined;
  /** Whether the answer went out whole. */
  isFinished = false;
  /** Its span, where it is traced. */
  trace: RequestTrace | undefined = undefined;
  observers: readonly RequestObserver[];
  private readonly surroundings: RequestSurroundings;

  constructor(
    surroundings: RequestSurroundings,
    req: IncomingMessage,
    res: ServerResponse,
    observers: readonly RequestObserver[],
  ) {
    const { 'x-request-id': given, traceparent, tracestate } = req.headers;
    this.surroundings = surroundings;
    this.req = req;
    this.res = res;
    this.requestId = isRequestId(given) ? given : surroundings.random.uuid();
    this.url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '';
    this.remoteAddress = req.socket.remoteAddress;
    this.beganAtMs = surroundings.clock.monotonicMs();
    this.traceparent = typeof traceparent === 'string' ? traceparent : undefined;
    this.tracestate = typeof tracestate === 'string' ? tracestate : undefined;
    this.observers = observers;
  }

  /** Who made the call, as the mesh has verified it. */
  get caller(): Caller | undefined {
    return this.context === this ? undefined : this.context?.caller;
  }

  /** Epoch milliseconds, now: at its end the time that an access log shows. */
  get nowEpochMs(): number {
    return this.surroundings.clock.epochMs();
  }

  /** Milliseconds until the answer was out, or until now. */
  get durationMs(): number {
    return (this.endedAtMs ?? this.surroundings.clock.monotonicMs()) - this.beganAtMs;
  }

  /** What the client was told; 499 where it was gone, or cut off, before it was told anything. */
  get status(): number {
    return this.isFinished || this.res.headersSent ? this.res.statusCode : CLOSED_WITHOUT_ANSWER;
  }

  /** Has `headAtMs` kept from now on: an own method on the response, so only for who shows it. */
  watchHead(): void {
    const { res } = this;
    if (this.headAtMs !== undefined || Object.hasOwn(res, 'writeHead')) return;
    const { writeHead } = res;
    res.writeHead = (...args: unknown[]) => {
      this.headAtMs ??= this.surroundings.clock.monotonicMs();
      return (writeHead as (...given: unknown[]) => ServerResponse).apply(res, args);
    };
  }

  end(): void {
    if (this.endedAtMs !== undefined) return;
    this.endedAtMs = this.surroundings.clock.monotonicMs();
    this.isFinished = this.res.writableFinished;
    for (const observer of this.observers) {
      try {
        observer.ended?.(this);
      } catch (error) {
        complainOf(observer, error);
      }
    }
  }
}

/** As nginx has it: closed before there was an answer. */
const CLOSED_WITHOUT_ANSWER = 499;

/**
 * The one record of a request: made where it is first seen, which gives it its id, and shared by all that look at it later.
 * Each observer hears of a request once, however often it is in its way.
 */
export function observe(
  surroundings: RequestSurroundings,
  req: IncomingMessage,
  res: ServerResponse,
  observers: readonly RequestObserver[],
): ObservedRequest {
  const known = entranceOf(req);
  if (known instanceof ObservedRequest) {
    const added = observers.filter((observer) => !known.observers.includes(observer));
    if (added.length > 0) known.observers = [...known.observers, ...added];
    for (const observer of added) begin(observer, known);
    return known;
  }
  const request = new ObservedRequest(surroundings, req, res, observers);
  markEntrance(req, request);
  if (!res.headersSent) res.setHeader('x-request-id', request.requestId);
  res.on('close', onClose);
  // Behind another request of its connection: if that is cut, nothing is told of this response.
  if (res.socket === null) req.once('close', onRequestClose);
  for (const observer of observers) begin(observer, request);
  return request;
}

function begin(observer: RequestObserver, request: ObservedRequest): void {
  try {
    observer.began?.(request);
  } catch (error) {
    complainOf(observer, error);
  }
}

/** One for each name, of which there are few. */
const complaints = new Map<string, Complain>();

function complainOf({ name }: RequestObserver, error: unknown): void {
  const complain = complaints.get(name) ?? createComplaints(systemClock);
  complaints.set(name, complain);
  complain(`${name} could not tell of a request, which was served all the same (said once a minute):`, error);
}

/** One function for all responses. */
function onClose(this: ServerResponse): void {
  endOf(this.req);
}

function onRequestClose(this: IncomingMessage): void {
  if (this.socket.destroyed) endOf(this);
}

function endOf(req: IncomingMessage): void {
  const request = entranceOf(req);
  if (request instanceof ObservedRequest) request.end();
}
