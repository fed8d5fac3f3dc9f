import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { type Clock, type Random, systemClock } from '@express-micro/core';
import type { SourceFactory } from '../sources/source.ts';
import {
  type Transport,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
  type TransportStream,
} from '../transport/transport.ts';
import { CAME_AT_MS } from '../wire.ts';
import { type Endpoint, FaultTable, NO_FAULT, type Plan } from './faults.ts';
import { connect, type MemoryConnection } from './memory-connection.ts';
import { collect, exchange } from './memory-exchange.ts';
import { Pace } from './pace.ts';
import { Roster } from './roster.ts';
import { randomFrom, seededRandom } from './seeded-random.ts';

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

interface Located extends Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A process on the network: its address, and what it is to be made with so that it uses nothing else. */
export interface Place extends Located {
  readonly url: string;
  readonly transport: Transport;
  readonly source: SourceFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string>>;
  /** Takes requests from now on; answers how to stop. */
  listen(listener: Listener): () => void;
}

/** A request on its way. */
interface Passage {
  readonly from: Located;
  readonly to: Site | undefined;
  readonly request: TransportRequest;
  readonly startedAtMs: number;
  connection: MemoryConnection | undefined;
  /** The app has it. */
  isInApp: boolean;
  /** Calls that are made for it. */
  calls: number;
  /** Whoever sent it has his answer, or will have none; and the last byte has passed. */
  isSettled: boolean;
  isSilent: boolean;
  readonly fail: (failure: Error) => void;
}

interface Site extends Place {
  server: Server | undefined;
}

const PORT = 3_000;
/** Of whoever is no service (RFC 5737). */
const OUTSIDE: Located = { name: 'outside', service: 'outside', address: '192.0.2.1', port: 50_000 };
/** Nothing is kept secret by it: it never leaves the process. */
const KEY = 'of-a-test-mesh-that-ends-with-its-process';

/** Processes that call each other within this one, on a network that does as it is told. The same seed gives the same faults. */
export class MemoryNetwork {
  readonly pace: Pace;
  readonly faults: FaultTable;
  readonly roster: Roster = new Roster();
  /** What happened, a line each, with the millisecond in which it did. */
  readonly history: string[] = [];
  private readonly seed: number;
  private readonly sites = new Map<string, Site>();
  private readonly passages = new Set<Passage>();
  private readonly ofSocket = new WeakMap<Duplex, Passage>();
  private readonly serving = new AsyncLocalStorage<Passage>();
  private readonly root = new AsyncResource('express-micro-test-mesh');
  private held: (() => void)[] = [];

  constructor(seed: number) {
    this.seed = seed;
    this.faults = new FaultTable(seededRandom(seed ^ 0x5f356495));
    this.pace = new Pace(systemClock.epochMs(), () => [...this.passages].some(({ isInApp, calls }) => isInApp && calls === 0));
  }

  get places(): readonly Place[] {
    return [...this.sites.values()];
  }

  /** An address for one more instance of a service. */
  place(service: string): Place {
    const { pace, sites } = this;
    const number = sites.size + 1;
    const address = `10.0.${number >> 8}.${number & 255}`;
    const url = `http://${address}:${PORT}`;
    const nth = this.places.filter((one) => one.service === service).length + 1;
    const site: Site = {
      name: `${service}#${nth}`,
      service,
      address,
      port: PORT,
      url,
      server: undefined,
      clock: pace.clock,
      random: randomFrom(seededRandom(this.seed * 1_000_003 + number)),
      env: Object.freeze({ EXPRESS_DISCOVERY_KEY: KEY }),
      source: this.roster.source,
      transport: this.transportOf(() => site),
      listen: (listener) => this.listen(site, listener),
    };
    sites.set(url, site);
    return site;
  }

  /**
   * A call of the code under test: it belongs to the request that is being served, and time passes while it waits.
   * @param ends whether it ends by itself, as one with a deadline does
   */
  call<T>(run: () => Promise<T>, ends = true): Promise<T> {
    const passage = this.serving.getStore();
    if (passage === undefined) return this.pace.whileWaiting(run, ends);
    passage.calls += 1;
    return this.pace.whileWaiting(run, ends).finally(() => {
      passage.calls -= 1;
      this.pace.moved();
    });
  }

  /** A request of somebody who is no service. */
  request(request: TransportRequest): Promise<TransportAnswer> {
    return this.call(() => this.send(OUTSIDE, request, (answer) => inFull(answer, request)), false);
  }

  /** Its process ended: what is under way breaks off, nobody listens. */
  breakOff(place: Place): void {
    for (const passage of [...this.passages]) if (passage.to === place || passage.from === place) this.lose(passage);
  }

  /** The faults have changed: what waited for one of them may go on. */
  changed(text: string): void {
    this.say(text);
    for (const look of this.held.splice(0)) look();
    this.pace.moved();
  }

  /** What is under way breaks off, and nobody listens any more. */
  end(): void {
    for (const passage of [...this.passages]) this.lose(passage);
    for (const site of this.sites.values()) site.server = undefined;
    this.root.emitDestroy();
    this.changed('the end');
  }

  say(text: string): void {
    this.history.push(`${this.pace.nowMs.toFixed(3)} ms  ${text}`);
  }

  private listen(site: Site, listener: Listener): () => void {
    // It never listens on a port: connections are handed to it.
    const server = createServer((req, res) => {
      const passage = this.ofSocket.get(req.socket);
      // By this clock, and not by turns of the event loop: a test may have put other timers in their place.
      (req as { [CAME_AT_MS]?: number })[CAME_AT_MS] = this.pace.nowMs;
      if (passage === undefined) res.destroy();
      else this.serving.run(passage, listener, req, res);
    });
    site.server = server;
    return () => {
      if (site.server === server) site.server = undefined;
    };
  }

  private transportOf(site: () => Site): Transport {
    return {
      request: (request) => this.send(site(), request, (answer) => inFull(answer, request)),
      stream: (request) => this.send(site(), request, (answer) => Promise.resolve(answer)),
      forget: () => {},
      close: () => Promise.resolve(),
    };
  }

  /** @param take what of the answer is waited for */
  private async send<A extends { status: number }>(
    from: Located,
    request: TransportRequest,
    take: (answer: TransportStream) => Promise<A>,
  ): Promise<A> {
    let fail: (failure: Error) => void = () => {};
    const failed = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const to = this.sites.get(request.origin);
    const startedAtMs = this.pace.nowMs;
    const passage: Passage = {
      from,
      to,
      request,
      startedAtMs,
      connection: undefined,
      isInApp: false,
      calls: 0,
      isSettled: false,
      isSilent: true,
      fail,
    };
    this.passages.add(passage);
    this.pace.moved();
    request.cancellation.listen((reason) => {
      fail(new TransportFailure('cancelled', reason));
      passage.connection?.near.destroy(reason);
    });
    try {
      const answer = await Promise.race([failed, this.pass(passage, take)]);
      this.sayOf(passage, String(answer.status));
      return answer;
    } catch (error) {
      const failure = error instanceof TransportFailure ? error : new TransportFailure('lost', error as Error);
      this.sayOf(passage, failure.phase);
      throw failure;
    } finally {
      passage.isInApp = false;
      passage.isSettled = true;
      this.tidy(passage);
      this.pace.moved();
    }
  }

  private async pass<A>(passage: Passage, take: (answer: TransportStream) => Promise<A>): Promise<A> {
    const { from, to, request } = passage;
    // What members ask each other is not what a test speaks of.
    const isCall = !request.path.startsWith('/_discovery');
    if (to?.server === undefined) throw refused(request);
    const plan = isCall ? this.faults.plan(to) : NO_FAULT;
    if (plan.isRefused) throw refused(request);
    if (isCall) await this.whileHeld(from, to);
    if (plan.loses === 'request') throw lost();
    const answer = await (plan.answer === undefined ? this.deliver(passage, take) : take(injected(plan.answer)));
    passage.isInApp = false;
    if (plan.delayMs > 0) await new Promise<void>((resolve) => void this.pace.clock.after(plan.delayMs, resolve));
    if (isCall) await this.whileHeld(to, from);
    if (plan.loses === 'answer') throw lost();
    return answer;
  }

  private async deliver<A>(passage: Passage, take: (answer: TransportStream) => Promise<A>): Promise<A> {
    const { from, to, request } = passage;
    // Ended while the request was held.
    if (to?.server === undefined) throw lost();
    if (request.cancellation.reason !== undefined) throw new TransportFailure('cancelled', request.cancellation.reason);
    passage.isInApp = true;
    passage.connection = connect(this.root, to.server, from, to, (far) => this.ofSocket.set(far, passage));
    passage.isSilent = false;
    const onEnd = (): void => {
      passage.isSilent = true;
      this.tidy(passage);
    };
    return take(await exchange(passage.connection, request, onEnd));
  }

  private tidy(passage: Passage): void {
    if (passage.isSettled && passage.isSilent) this.passages.delete(passage);
  }

  private whileHeld(from: Endpoint, to: Endpoint): Promise<void> {
    if (!this.faults.isHeld(from, to)) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.faults.isHeld(from, to)) this.held.push(look);
        else resolve();
      };
      look();
    });
  }

  private lose(passage: Passage): void {
    passage.fail(lost());
    passage.connection?.reset();
    this.passages.delete(passage);
  }

  private sayOf({ from, to, request, startedAtMs }: Passage, outcome: string): void {
    if (request.path.startsWith('/_discovery')) return;
    const tookMs = this.pace.nowMs - startedAtMs;
    this.say(
      `${from.name} → ${to?.name ?? request.origin}  ${request.method} ${request.path}  ${outcome} in ${tookMs.toFixed(3)} ms`,
    );
  }
}

async function inFull(answer: TransportStream, request: TransportRequest): Promise<TransportAnswer> {
  return { ...answer, body: await collect(answer, request) };
}

function refused({ origin }: TransportRequest): TransportFailure {
  const address = origin.slice('http://'.length);
  return new TransportFailure('refused', Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' }));
}

function lost(): TransportFailure {
  return new TransportFailure('lost', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
}

function injected({ status, headers, body }: NonNullable<Plan['answer']>): TransportStream {
  return { status, headers, body: Readable.from([Buffer.from(body)]), contentType: headers['content-type'] ?? '' };
}
