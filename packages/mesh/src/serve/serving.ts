// Hot path: one object for each request to the app. Its bench: bench/call-cost.mjs

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import {
  type Caller,
  type Clock,
  type Context,
  type Expiry,
  entranceOf,
  isRequestId,
  Lifetime,
  type Random,
} from '@express-micro/core';
import { meshError } from '../errors.ts';
import { LINKED, type Linked } from '../wire.ts';

/** When a request came, and when the time of its caller is up. */
export interface Arrival {
  readonly atMs: number;
  readonly endsAtMs: number | undefined;
}

/** What all requests of a process share. */
export interface ServingSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly expire: (delayMs: number, run: () => void) => Expiry;
  readonly onEnd: (serving: Serving, atMs: number) => void;
}

type Tell = Parameters<ConstructorParameters<typeof Lifetime>[0]['watch']>[0];

/**
 * One request while it is served, and the context that its handlers and their calls see.
 *
 * Made for every request, so it has nothing that only few need: its lifetime is made when somebody asks for it. Fields are
 * plain ones; private names cost on Node 20 what the rest of it costs.
 */
export class Serving implements Context {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly beganAtMs: number;
  /** Monotonic milliseconds at which the caller's time is up. */
  readonly endsAtMs: number | undefined;
  readonly requestId: string;
  readonly caller: Caller | undefined;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** Neighbours among the requests under way, in the order of their beginning. */
  before: Serving | undefined;
  after: Serving | undefined;
  /** So long under way that it counts as kept open on purpose: a stream, a long poll. */
  isHeld: boolean;
  private readonly surroundings: ServingSurroundings;
  private made: Lifetime | undefined;
  private tell: Tell | undefined;
  private fate: 'served' | 'answered' | 'gone';

  constructor(
    surroundings: ServingSurroundings,
    req: IncomingMessage,
    res: ServerResponse,
    { atMs, endsAtMs }: Arrival,
    caller: Caller | undefined,
  ) {
    const entrance = entranceOf(req);
    const linked = (req as ServedRequest)[LINKED];
    const { headers } = linked?.isBare === true ? BARE : req;
    const { traceparent, tracestate } = headers;
    this.surroundings = surroundings;
    this.req = req;
    this.res = res;
    this.beganAtMs = atMs;
    this.endsAtMs = endsAtMs;
    if (entrance !== undefined) entrance.context = this;
    this.requestId = entrance?.requestId ?? linked?.own?.requestId ?? givenId(headers) ?? surroundings.random.uuid();
    this.caller = caller;
    this.traceparent = typeof traceparent === 'string' ? traceparent : undefined;
    this.tracestate = typeof tracestate === 'string' ? tracestate : undefined;
    this.before = undefined;
    this.after = undefined;
    this.isHeld = false;
    this.made = undefined;
    this.tell = undefined;
    this.fate = 'served';
  }

  get lifetime(): Lifetime {
    this.made ??= new Lifetime({
      endsAtMs: this.endsAtMs,
      clock: this.surroundings.clock,
      expire: this.surroundings.expire,
      expired: () => this.failure('MESH_DEADLINE_EXCEEDED', 'Deadline Exceeded', 'the time that its caller gave is up'),
      watch: (tell) => {
        this.tell = tell;
        this.say();
      },
    });
    return this.made;
  }

  /** The response is closed: the answer is out, or nobody is there to take it. @param atMs now, where that is known */
  end(atMs: number = this.surroundings.clock.monotonicMs()): void {
    if (this.fate !== 'served') return;
    this.fate = this.res.writableFinished ? 'answered' : 'gone';
    this.say();
    this.surroundings.onEnd(this, atMs);
  }

  private say(): void {
    if (this.fate === 'answered') this.tell?.answered();
    else if (this.fate === 'gone') this.tell?.gone(this.failure('MESH_CANCELLED', 'Cancelled', 'its caller went away'));
  }

  private failure(code: 'MESH_CANCELLED' | 'MESH_DEADLINE_EXCEEDED', word: string, why: string): Error {
    const { req, requestId } = this;
    const [path] = ((req as { originalUrl?: string }).originalUrl ?? req.url ?? '').split('?', 1);
    return meshError(code, `${word}: ${req.method} ${path}, because ${why}.`, { requestId });
  }
}

/** What else is looked for in a call that has the mesh's own headers and no others. */
const BARE: { readonly headers: IncomingHttpHeaders } = Object.freeze({ headers: Object.freeze({}) });

function givenId({ 'x-request-id': given }: IncomingHttpHeaders): string | undefined {
  return isRequestId(given) ? given : undefined;
}

/** On the request itself, not in a WeakMap: that costs the garbage collector more than the call is worth. */
const SERVING: unique symbol = Symbol('serving');
type ServedRequest = IncomingMessage & { [SERVING]?: Serving; [LINKED]?: Linked };

export function servingOf(req: IncomingMessage): Serving | undefined {
  return (req as ServedRequest)[SERVING];
}

/** Ends with the event `close` of the response, which comes once whatever happens; a link says it without an event. */
export function beginServing(serving: Serving): void {
  const req = serving.req as ServedRequest;
  req[SERVING] = serving;
  const linked = req[LINKED];
  if (linked !== undefined) linked.serving = serving;
  else serving.res.on('close', onClose);
}

/** One function for all responses. */
function onClose(this: ServerResponse): void {
  servingOf(this.req)?.end();
}
