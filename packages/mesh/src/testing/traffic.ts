import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import type { Timer } from '@express-micro/core';
import { TransportFailure, type TransportRequest, type TransportStream } from '../transport/transport.ts';
import { CAME_AT_MS } from '../wire.ts';
import { type Endpoint, type FaultTable, NO_FAULT, type Plan } from './faults.ts';
import { connect, type MemoryConnection } from './memory-connection.ts';
import { exchange } from './memory-exchange.ts';
import type { Pace } from './pace.ts';

export type Listener = (req: IncomingMessage, res: ServerResponse) => void;

/** Somebody with an address. */
export interface Located extends Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where requests go. */
export interface Destination extends Located {
  /** `undefined`: nobody listens. */
  readonly server: Server | undefined;
}

/** A request on its way. */
interface Passage {
  readonly from: Located;
  readonly to: Destination | undefined;
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
  /** Never resolves; rejects with what `fail` says. */
  readonly failed: Promise<never>;
  readonly fail: (failure: Error) => void;
}

export interface TrafficSurroundings {
  readonly faults: FaultTable;
  readonly pace: () => Pace;
  readonly say: (text: string) => void;
}

/** Requests on their way, and what faults make of them. */
export class Traffic {
  private readonly surroundings: TrafficSurroundings;
  private readonly passages = new Set<Passage>();
  private readonly ofSocket = new WeakMap<Duplex, Passage>();
  private readonly serving = new AsyncLocalStorage<Passage>();
  private readonly root = new AsyncResource('express-micro-test-mesh');
  private held: (() => void)[] = [];

  constructor(surroundings: TrafficSurroundings) {
    this.surroundings = surroundings;
  }

  /** Whether an app works on a request, and does not only wait for what it has called itself. */
  get isInApps(): boolean {
    for (const { isInApp, calls } of this.passages) if (isInApp && calls === 0) return true;
    return false;
  }

  /** A call of the code under test: it belongs to the request that is being served, and time passes while it waits. */
  call<T>(run: () => Promise<T>): Promise<T> {
    const pace = this.surroundings.pace();
    const passage = this.serving.getStore();
    if (passage === undefined) return pace.whileWaiting(run);
    passage.calls += 1;
    return pace.whileWaiting(run).finally(() => {
      passage.calls -= 1;
      pace.moved();
    });
  }

  /** @param take what of the answer is waited for */
  async send<A extends { readonly status: number }>(
    from: Located,
    to: Destination | undefined,
    request: TransportRequest,
    take: (answer: TransportStream) => Promise<A>,
  ): Promise<A> {
    const pace = this.surroundings.pace();
    let fail: (failure: Error) => void = () => {};
    const failed = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const passage: Passage = {
      from,
      to,
      request,
      startedAtMs: pace.nowMs,
      connection: undefined,
      isInApp: false,
      calls: 0,
      isSettled: false,
      isSilent: true,
      failed,
      fail,
    };
    this.passages.add(passage);
    pace.moved();
    request.cancellation.listen((reason) => {
      fail(new TransportFailure('cancelled', reason));
      passage.connection?.near.destroy(reason);
    });
    try {
      const answer = await Promise.race([failed, this.pass(passage, take)]);
      this.tell(passage, String(answer.status));
      return answer;
    } catch (error) {
      const failure = error instanceof TransportFailure ? error : new TransportFailure('lost', error as Error);
      this.tell(passage, failure.phase);
      throw failure;
    } finally {
      passage.isInApp = false;
      passage.isSettled = true;
      this.tidy(passage);
      pace.moved();
    }
  }

  /** Hands a request that came on one of these connections to whoever listens. */
  serve(listener: Listener, req: IncomingMessage, res: ServerResponse): void {
    const passage = this.ofSocket.get(req.socket);
    // By this clock, and not by turns of the event loop: a test may have put other timers in their place.
    (req as { [CAME_AT_MS]?: number })[CAME_AT_MS] = this.surroundings.pace().nowMs;
    if (passage === undefined) res.destroy();
    else this.serving.run(passage, listener, req, res);
  }

  /** What is under way to or from there breaks off. */
  breakOff(there: Endpoint): void {
    for (const passage of [...this.passages]) if (passage.to === there || passage.from === there) this.lose(passage);
  }

  /** The faults have changed: what waited for one of them may go on. */
  release(): void {
    for (const look of this.held.splice(0)) look();
    this.surroundings.pace().moved();
  }

  end(): void {
    for (const passage of [...this.passages]) this.lose(passage);
    this.root.emitDestroy();
  }

  private async pass<A>(passage: Passage, take: (answer: TransportStream) => Promise<A>): Promise<A> {
    const { from, to, request } = passage;
    const { faults, pace } = this.surroundings;
    // What members ask each other is not what a test speaks of.
    const isCall = !isDiscovery(request);
    if (to?.server === undefined) throw refused(request);
    const plan = isCall ? faults.plan(to) : NO_FAULT;
    if (plan.isRefused) throw refused(request);
    if (isCall) await this.whileHeld(from, to);
    if (plan.loses === 'request') throw lost();
    const answer = await (plan.answer === undefined ? this.deliver(passage, take) : take(injected(plan.answer)));
    passage.isInApp = false;
    pace().moved();
    if (plan.delayMs > 0) await this.delay(passage, plan.delayMs);
    if (isCall) await this.whileHeld(to, from);
    if (plan.loses === 'answer') throw lost();
    return answer;
  }

  private async deliver<A>(passage: Passage, take: (answer: TransportStream) => Promise<A>): Promise<A> {
    const { from, to, request } = passage;
    // While it was held its caller may have gone, or the process that it was sent to.
    if (to?.server === undefined || passage.isSettled) throw lost();
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

  /** Time passes for it as long as somebody waits. */
  private async delay({ failed }: Passage, delayMs: number): Promise<void> {
    const pace = this.surroundings.pace();
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      timer = pace.clock.after(delayMs, resolve);
    });
    try {
      await pace.whileWaiting(() => Promise.race([failed, over]));
    } finally {
      timer?.stop();
    }
  }

  private whileHeld(from: Endpoint, to: Endpoint): Promise<void> {
    const { faults } = this.surroundings;
    if (!faults.isHeld(from, to)) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (faults.isHeld(from, to)) this.held.push(look);
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

  private tell({ from, to, request, startedAtMs }: Passage, outcome: string): void {
    if (isDiscovery(request)) return;
    const { pace, say } = this.surroundings;
    const tookMs = (pace().nowMs - startedAtMs).toFixed(3);
    say(`${from.name} → ${to?.name ?? request.origin}  ${request.method} ${request.path}  ${outcome} in ${tookMs} ms`);
  }
}

function isDiscovery({ path }: TransportRequest): boolean {
  return path.startsWith('/_discovery');
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
