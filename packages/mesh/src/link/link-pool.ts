// Hot path: every call passes here. Its bench: bench/link-cost.mjs
import { AsyncResource } from 'node:async_hooks';
import type { Clock, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { KeyRing } from '../secret/key-ring.ts';
import type { Credentials } from '../signing/credentials.ts';
import type { TransportAnswer, TransportRequest } from '../transport/transport.ts';
import type { ConnectTls } from '../trust/certificates.ts';
import { connectLink } from './connect.ts';
import { Link } from './link.ts';
import { SILENCE_MS } from './protocol.ts';

export interface LinkPoolOptions {
  readonly credentials: Credentials;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether calls to this instance are signed, by its wish or ours. */
  readonly isSigning: (instance: string) => boolean;
  readonly isKnown: (instance: string) => boolean;
  readonly tls: (origin: string) => ConnectTls;
  readonly overHttp: (request: TransportRequest) => Promise<TransportAnswer>;
  readonly onDisconnect: (origin: string) => void;
}

/** What is known of one instance as a link's other side. */
interface Peer {
  readonly instance: string;
  readonly origin: string;
  link: Link | undefined;
  /** Made with the keys of that moment: with others it is made anew. */
  ring: KeyRing | undefined;
  attempt: AbortController | undefined;
  failures: number;
  nextTryMs: number;
  /** Functions that did on a link what can only be done on a connection of their own. */
  notForLink: Set<string> | undefined;
}

export interface LinkPool {
  /** The link for this call, if there is one now; else one is tried for, in the background. */
  linkFor(instance: string, request: TransportRequest): Link | undefined;
  /** Whether this function did before what needs a connection of its own. */
  isNotForLink(request: TransportRequest): boolean;
  markNotForLink(request: TransportRequest): void;
  forget(origin: string): void;
  /** Links over TLS are made anew; calls under way end on those that there are. */
  renew(): void;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 1_000;
/** Whoever does not want one is asked again when it may be another version; whoever could not be reached, soon. */
const REFUSED_RETRY_MS = 60_000;
const FAILED_RETRY_MS = 1_000;
const MAX_RETRY_MS = 600_000;

export function createLinkPool(options: LinkPoolOptions): LinkPool {
  const { credentials, counters, clock, random } = options;
  const peers = new Map<string, Peer>();
  // Whoever happens to make the first call is not the context in which all others are answered.
  const root = new AsyncResource('express-micro-link');
  let isClosed = false;
  const heartbeat = clock.every(SILENCE_MS, () => {
    for (const peer of [...peers.values()]) {
      peer.link?.tick();
      // Instances come and go; of those that are gone nothing is kept.
      if (peer.link === undefined && peer.attempt === undefined && !options.isKnown(peer.instance)) peers.delete(peer.instance);
    }
  });

  async function connect(peer: Peer): Promise<void> {
    const attempt = new AbortController();
    peer.attempt = attempt;
    peer.nextTryMs = Number.POSITIVE_INFINITY;
    const ring = credentials.ring();
    const { origin, instance } = peer;
    const timeoutMs = CONNECT_TIMEOUT_MS;
    const isSealed = options.isSigning(instance);
    const tls = options.tls(origin);
    const connected = await connectLink({ origin, instance, credentials, isSealed, timeoutMs, tls, signal: attempt.signal });
    peer.attempt = undefined;
    if (typeof connected === 'string') {
      retryLater(peer, connected === 'refused' ? REFUSED_RETRY_MS : FAILED_RETRY_MS);
      return;
    }
    const { socket, early, seal } = connected;
    if (isClosed || peers.get(instance) !== peer) {
      socket.destroy();
      return;
    }
    peer.failures = 0;
    peer.ring = ring;
    counters.linksOut += 1;
    peer.link = new Link({ socket, seal, overHttp: options.overHttp, onNotForLink: markNotForLink, onClosed: closedOf(peer) });
    if (early.length > 0) socket.unshift(early);
  }

  function closedOf(peer: Peer): (link: Link, wasExpected: boolean) => void {
    return (link, wasExpected) => {
      counters.linksOut -= 1;
      if (peer.link === link) peer.link = undefined;
      retryLater(peer, FAILED_RETRY_MS);
      if (!wasExpected && !isClosed) options.onDisconnect(peer.origin);
    };
  }

  /** Half of the pause is drawn, so that a fleet does not come back as one. */
  function retryLater(peer: Peer, pauseMs: number): void {
    const waitMs = Math.min(pauseMs * 2 ** peer.failures, MAX_RETRY_MS);
    peer.failures = Math.min(peer.failures + 1, 10);
    peer.nextTryMs = clock.monotonicMs() + waitMs * (0.5 + random.next() / 2);
  }

  function add(instance: string, origin: string): Peer {
    const peer: Peer = {
      instance,
      origin,
      link: undefined,
      ring: undefined,
      attempt: undefined,
      failures: 0,
      nextTryMs: 0,
      notForLink: undefined,
    };
    peers.set(instance, peer);
    return peer;
  }

  function drop(peer: Peer): void {
    peers.delete(peer.instance);
    peer.attempt?.abort();
    peer.link?.end();
  }

  function markNotForLink({ instance, origin, route }: TransportRequest): void {
    if (instance === undefined || route === undefined || isClosed) return;
    const peer = peers.get(instance) ?? add(instance, origin);
    peer.notForLink ??= new Set();
    peer.notForLink.add(route);
  }

  return {
    linkFor(instance, request) {
      let peer = peers.get(instance);
      if (peer === undefined || peer.origin !== request.origin) {
        if (isClosed) return undefined;
        if (peer !== undefined) drop(peer);
        peer = add(instance, request.origin);
      }
      const { link } = peer;
      if (link === undefined) {
        if (clock.monotonicMs() >= peer.nextTryMs && !isClosed) void root.runInAsyncScope(connect, undefined, peer);
        return undefined;
      }
      if (peer.ring !== credentials.ring()) {
        link.end();
        peer.link = undefined;
        peer.nextTryMs = 0;
        return undefined;
      }
      if (!link.isUsable) return undefined;
      if (peer.notForLink?.has(request.route ?? '')) return undefined;
      return link;
    },
    isNotForLink: ({ instance, route }) => peers.get(instance ?? '')?.notForLink?.has(route ?? '') === true,
    markNotForLink,
    forget(origin) {
      for (const peer of [...peers.values()]) if (peer.origin === origin) drop(peer);
    },
    renew() {
      for (const peer of [...peers.values()]) if (peer.origin.startsWith('https:')) drop(peer);
    },
    close() {
      isClosed = true;
      heartbeat.stop();
      for (const peer of peers.values()) {
        peer.attempt?.abort();
        peer.link?.destroy();
      }
      peers.clear();
      root.emitDestroy();
    },
  };
}
