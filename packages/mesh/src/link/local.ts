// Hot path: every call within a process. Its bench: bench/link-cost.mjs
import { AsyncResource } from 'node:async_hooks';
import { isIPv4, type Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { type Caller, type Clock, systemClock } from '@express-micro/core';
import { type Answered, TransportFailure, type TransportRequest } from '../transport/transport.ts';
import { sayOwn } from '../wire.ts';
import { LinkAnswer } from './answer-codec.ts';
import { CAN_SERVE_LINKS, createDelivery, type Deliver, type Prototypes } from './born.ts';
import type { ConnectionFacts } from './connection-face.ts';
import { expectsBody, lost, RESET_NOT_FOR_LINK } from './protocol.ts';
import { byName } from './request-codec.ts';
import { type Carrier, ServedCall } from './served-call.ts';

/** How another app of this process lets a call in. */
export interface Door {
  /** Who calls, as the token proves it; `undefined` when it does not: two apps of one process may have two keys. */
  admit(token: string): Caller | undefined;
  enter(carrier: LocalCall, caller: Caller): void;
  readonly server: Server;
  /** What a connection to `host` would say of itself. */
  facts(host: string): ConnectionFacts;
}

/** All doors of this process, whatever copy of this code made them. */
const REGISTRY = Symbol.for('express-micro.doors.1');
const doors: Map<string, Door> = (() => {
  const shared = globalThis as { [REGISTRY]?: Map<string, Door> };
  shared[REGISTRY] ??= new Map();
  return shared[REGISTRY];
})();

export function doorTo(instance: string): Door | undefined {
  return doors.get(instance);
}

/** Lets apps of this process call this one without the network. Answers how to shut the door. */
export function openDoor(
  instance: string,
  server: Server,
  prototypes: Prototypes,
  admit: (token: string) => Caller | undefined,
): () => void {
  // What TLS says of a connection cannot be said of none: such an app is called over a link.
  if (!CAN_SERVE_LINKS || server instanceof TlsServer) return () => {};
  const deliver = createDelivery(prototypes);
  // The app runs in its own context, never in that of its caller.
  const root = new AsyncResource('express-micro-door');
  const door: Door = {
    admit,
    // In a turn of its own: apps that call each other in a circle leave room for timers and for the network.
    enter: (carrier, caller) => root.runInAsyncScope(setImmediate, undefined, deliverLocal, deliver, carrier, caller),
    server,
    facts: rememberLast((host) => factsOf(server, host)),
  };
  doors.set(instance, door);
  return () => {
    if (doors.get(instance) === door) doors.delete(instance);
  };
}

function deliverLocal(deliver: Deliver, carrier: LocalCall, caller: Caller): void {
  carrier.start(deliver, caller);
}

/** One call within the process: what a link does, without its bytes. Nothing is shared by the two sides but texts. */
export class LocalCall implements Carrier {
  readonly server: Server;
  readonly host: string;
  readonly connection: ConnectionFacts;
  readonly clock: Clock = systemClock;
  readonly isCongested = false;
  private readonly request: TransportRequest;
  private readonly answered: Answered;
  private readonly onNotForLink: (request: TransportRequest) => void;
  private readonly madeAtMs = systemClock.monotonicMs();
  private call: ServedCall | undefined = undefined;
  private isOver = false;
  private status = 0;
  private headText = '';
  private chunks: Buffer[] = [];
  private size = 0;

  constructor(door: Door, request: TransportRequest, answered: Answered, onNotForLink: (request: TransportRequest) => void) {
    this.server = door.server;
    this.host = request.origin.slice(request.origin.indexOf('//') + 2);
    this.connection = door.facts(this.host);
    this.request = request;
    this.answered = answered;
    this.onNotForLink = onNotForLink;
    request.cancellation.listen((reason) => this.cancel(reason));
  }

  start(deliver: Deliver, caller: Caller): void {
    if (this.isOver) return;
    const { method, path, body, own: said } = this.request;
    const headers = [...this.request.headers];
    if (said !== undefined) sayOwn(headers, said);
    const rawHeaders = ['host', this.host, 'connection', 'keep-alive', ...headers];
    const own = body === undefined ? undefined : Buffer.from(body as string | Uint8Array);
    if (own !== undefined || expectsBody(method)) rawHeaders.push('content-length', String(own?.length ?? 0));
    const head = { method, url: path, rawHeaders, headers: byName(rawHeaders), own: said, isBare: false };
    this.call = new ServedCall(this, 0, caller, head, own, this.request.wantsHead !== false, this.madeAtMs);
    deliver(this.call);
  }

  private cancel(reason: Error): void {
    if (!this.finish()) return;
    this.answered(undefined, new TransportFailure('cancelled', reason));
    // In a turn of its own: what the app does about it is not its caller's.
    if (this.call !== undefined) process.nextTick(tellGone, this.call);
  }

  private finish(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.request.cancellation.listen(undefined);
    return true;
  }

  answer(_call: ServedCall, status: number, isJson: boolean, head: string, body: string | Uint8Array): void {
    this.give(status, isJson, head, Buffer.from(body));
  }

  head(_call: ServedCall, status: number, head: string): void {
    this.status = status;
    this.headText = head;
  }

  data(call: ServedCall, bytes: Uint8Array): void {
    this.chunks.push(Buffer.from(bytes));
    this.size += bytes.length;
    call.widen(bytes.length);
  }

  end(): void {
    this.give(this.status, false, this.headText, Buffer.concat(this.chunks, this.size));
  }

  private give(status: number, isJson: boolean, head: string, body: Buffer): void {
    if (!this.finish()) return;
    const { maxAnswerBytes } = this.request;
    if (maxAnswerBytes !== undefined && body.length > maxAnswerBytes) {
      this.answered(undefined, lost(`the answer is larger than ${maxAnswerBytes} bytes`));
    } else this.answered(LinkAnswer.of(status, isJson, asOnTheWire(head), body), undefined);
  }

  reset(_call: ServedCall, reason: number): void {
    if (reason === RESET_NOT_FOR_LINK) this.onNotForLink(this.request);
    if (this.finish()) this.answered(undefined, lost('the other side ended the call without an answer'));
  }

  later(call: ServedCall): void {
    process.nextTick(flush, call);
  }

  over(): void {}
}

/** Nearly every call names the same host, and to ask a server for its address is a system call. */
function rememberLast(facts: (host: string) => ConnectionFacts): (host: string) => ConnectionFacts {
  let host: string | undefined;
  let last: ConnectionFacts = {};
  return (asked) => {
    if (asked !== host) {
      last = facts(asked);
      host = asked;
    }
    return last;
  };
}

function factsOf(server: Server, host: string): ConnectionFacts {
  const bound = server.address();
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const called = isIPv4(name) || name.includes(':') ? name : '127.0.0.1';
  const isV6 = typeof bound === 'object' && bound?.family === 'IPv6';
  const address = isV6 && isIPv4(called) ? `::ffff:${called}` : called;
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  const localPort = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    remoteAddress: address,
    remotePort: 0,
    remoteFamily: family,
    localAddress: address,
    localPort,
    localFamily: family,
    address: () => ({ address, family, port: localPort }),
  };
}

/** A head is Latin-1: of other letters HTTP, and a link, keep one byte each. */
function asOnTheWire(head: string): string {
  return BEYOND_LATIN_1.test(head) ? Buffer.from(head, 'latin1').toString('latin1') : head;
}
const BEYOND_LATIN_1 = /[^\0-\u00ff]/;

function flush(call: ServedCall): void {
  call.flush();
}

function tellGone(call: ServedCall): void {
  call.gone();
}
