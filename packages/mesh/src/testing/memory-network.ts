import { createServer, type Server } from 'node:http';
import { type Clock, type Random, systemClock } from '@express-micro/core';
import type { SourceFactory } from '../sources/source.ts';
import type { Transport, TransportAnswer, TransportRequest, TransportStream } from '../transport/transport.ts';
import { FaultTable } from './faults.ts';
import { collect } from './memory-exchange.ts';
import { Pace } from './pace.ts';
import { Roster } from './roster.ts';
import { randomFrom, seededRandom } from './seeded-random.ts';
import { type Listener, type Located, Traffic } from './traffic.ts';

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
  private readonly traffic: Traffic;

  constructor(seed: number) {
    this.seed = seed;
    this.faults = new FaultTable(seededRandom(seed ^ 0x5f356495));
    this.traffic = new Traffic({ faults: this.faults, pace: () => this.pace, say: (text) => this.say(text) });
    this.pace = new Pace(systemClock.epochMs(), () => this.traffic.isInApps);
  }

  get places(): readonly Place[] {
    return [...this.sites.values()];
  }

  /** An address for one more instance of a service. */
  place(service: string): Place {
    const { pace, sites, roster } = this;
    const number = sites.size + 1;
    const address = `10.0.${number >> 8}.${number & 255}`;
    const nth = this.places.filter((one) => one.service === service).length + 1;
    const site: Site = {
      name: `${service}#${nth}`,
      service,
      address,
      port: PORT,
      url: `http://${address}:${PORT}`,
      server: undefined,
      clock: pace.clock,
      random: randomFrom(seededRandom(this.seed * 1_000_003 + number)),
      env: Object.freeze({ EXPRESS_DISCOVERY_KEY: KEY }),
      source: roster.source,
      transport: this.transportOf(() => site),
      listen: (listener) => this.listen(site, listener),
    };
    sites.set(site.url, site);
    return site;
  }

  /** A call of the code under test: it belongs to the request that is being served, and time passes while it waits. */
  call<T>(run: () => Promise<T>): Promise<T> {
    return this.traffic.call(run);
  }

  /** A request of somebody who is no service. It has no deadline, so no time passes for it but what a fault takes. */
  request(request: TransportRequest): Promise<TransportAnswer> {
    return this.traffic.send(OUTSIDE, this.sites.get(request.origin), request, (answer) => inFull(answer, request));
  }

  /** Its process ended: what is under way breaks off. */
  breakOff(place: Place): void {
    this.traffic.breakOff(place);
  }

  /** The faults have changed: what waited for one of them may go on. */
  changed(text: string): void {
    this.say(text);
    this.traffic.release();
  }

  /** What is under way breaks off, and nobody listens any more. */
  end(): void {
    this.traffic.end();
    for (const site of this.sites.values()) site.server = undefined;
    this.changed('the end');
  }

  private say(text: string): void {
    this.history.push(`${this.pace.nowMs.toFixed(3)} ms  ${text}`);
  }

  private listen(site: Site, listener: Listener): () => void {
    // It never listens on a port: connections are handed to it.
    const server = createServer((req, res) => this.traffic.serve(listener, req, res));
    site.server = server;
    return () => {
      if (site.server === server) site.server = undefined;
    };
  }

  private transportOf(site: () => Site): Transport {
    const send = <A extends { readonly status: number }>(
      request: TransportRequest,
      take: (answer: TransportStream) => Promise<A>,
    ): Promise<A> => this.traffic.send(site(), this.sites.get(request.origin), request, take);
    return {
      request: (request) => send(request, (answer) => inFull(answer, request)),
      stream: (request) => send(request, (answer) => Promise.resolve(answer)),
      forget: () => {},
      renew: () => {},
      close: () => Promise.resolve(),
    };
  }
}

async function inFull(answer: TransportStream, request: TransportRequest): Promise<TransportAnswer> {
  return { ...answer, body: await collect(answer, request) };
}
