import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { Cancellation, type Clock, systemClock, systemRandom } from '@express-micro/core';
import { type Counters, createCounters } from '../src/counters.ts';
import { connectLink } from '../src/link/connect.ts';
import { codeAt, FrameReader } from '../src/link/frame-reader.ts';
import { FrameWriter } from '../src/link/frame-writer.ts';
import { Link } from '../src/link/link.ts';
import { createLinkServer } from '../src/link/link-server.ts';
import { LinkViolation } from '../src/link/protocol.ts';
import { openSecret } from '../src/secret/secret.ts';
import { type Credentials, createCredentials } from '../src/signing/credentials.ts';
import type { TransportAnswer, TransportRequest } from '../src/transport/transport.ts';

process.env.EXPRESS_DISCOVERY_KEY ??= systemRandom.bytes(24).toString('base64url');

export const closers: (() => unknown)[] = [];

export function somebody(): { instance: string; credentials: Credentials } {
  const secret = openSecret({ env: process.env, tmpdir: tmpdir(), uid: undefined, clock: systemClock, random: systemRandom });
  const instance = systemRandom.bytes(16).toString('hex');
  const credentials = createCredentials({
    instance,
    service: 'somebody',
    ring: () => secret.ring,
    clock: systemClock,
    random: systemRandom,
  });
  return { instance, credentials };
}

/** A clock whose intervals pass when the test says so. */
export function handClock(): { clock: Clock; tick: () => void } {
  const runs: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    every: (_delayMs, run) => {
      runs.push(run);
      return { stop: () => {} };
    },
  };
  return {
    clock,
    tick: () => {
      for (const run of runs) run();
    },
  };
}

export interface Served {
  readonly server: http.Server;
  readonly origin: string;
  readonly instance: string;
  readonly counters: Counters;
  readonly tick: () => void;
}

/** A server that offers links. */
export async function serve(listener: http.RequestListener, isSigning = false): Promise<Served> {
  const { instance, credentials } = somebody();
  const counters = createCounters();
  const { clock, tick } = handClock();
  const server = http.createServer(listener);
  const links = createLinkServer({ credentials, isSigning, counters, clock, isAllowed: () => true, confirms: () => true });
  const prototypes = { request: http.IncomingMessage.prototype, response: http.ServerResponse.prototype, toJson: undefined };
  links.serve(server, () => prototypes);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    links.close();
    server.closeAllConnections();
    server.close();
  });
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, instance, counters, tick };
}

export interface Raw {
  readonly socket: Socket;
  readonly writer: FrameWriter;
  /** `kind:stream:code` of what came. */
  readonly frames: string[];
  readonly closed: Promise<void>;
}

/** One end of a link in the hands of a test. */
export function takeRaw(socket: Socket): Raw {
  const frames: string[] = [];
  const reader = new FrameReader({
    onFrame: (kind, stream, bytes, at) => frames.push(`${kind}:${stream}:${codeAt(bytes, at)}`),
  });
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof LinkViolation)) throw error;
    }
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  closers.push(() => socket.destroy());
  return { socket, writer: new FrameWriter(socket, () => {}), frames, closed };
}

export async function connect({ origin, instance }: Served): Promise<Socket> {
  const { credentials } = somebody();
  const connected = await connectLink({
    origin,
    instance,
    credentials,
    isSealed: false,
    tls: {},
    timeoutMs: 5_000,
    signal: new AbortController().signal,
  });
  if (typeof connected === 'string') throw new Error(`no link: ${connected}`);
  if (connected.early.length > 0) connected.socket.unshift(connected.early);
  return connected.socket;
}

export interface Paired {
  readonly link: Link;
  /** The other end. */
  readonly other: Raw;
  /** What went over HTTP instead. */
  readonly overHttp: TransportRequest[];
  readonly closings: boolean[];
}

/** The caller's end of a link, whose other end the test holds. */
export async function pair(): Promise<Paired> {
  const listener = net.createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  closers.push(() => listener.close());
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve));
  const socket = net.connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const other = takeRaw(await accepted);
  const overHttp: TransportRequest[] = [];
  const closings: boolean[] = [];
  const link = new Link({
    socket,
    seal: undefined,
    overHttp: async (request) => {
      overHttp.push(request);
      return { status: 299 } as TransportAnswer;
    },
    onNotForLink: () => {},
    onClosed: (_link, wasExpected) => closings.push(wasExpected),
  });
  closers.push(() => link.destroy());
  return { link, other, overHttp, closings };
}

export function request(more: Partial<TransportRequest> = {}): TransportRequest {
  return {
    origin: 'http://127.0.0.1:1',
    instance: 'i',
    method: 'GET',
    path: '/',
    headers: [],
    body: undefined,
    cancellation: new Cancellation(),
    ...more,
  };
}

/** A request on a link, and its answer as a promise. */
export function ask(link: Link, request: TransportRequest): Promise<TransportAnswer> {
  return new Promise((resolve, reject) => {
    link.request(request, (answer, failure) => (answer === undefined ? reject(failure) : resolve(answer)));
  });
}
