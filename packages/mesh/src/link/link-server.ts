import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Clock } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { KeyRing } from '../secret/key-ring.ts';
import type { Credentials } from '../signing/credentials.ts';
import type { Verified } from '../signing/signature.ts';
import { CAN_SERVE_LINKS, createDelivery, type Prototypes } from './born.ts';
import { offerLinks } from './offer.ts';
import { LINK_PATH, LINK_PROTOCOL, LINK_VERSION, SEALED, SILENCE_MS } from './protocol.ts';
import { ServedLink } from './served-link.ts';

export interface LinkServerOptions {
  readonly credentials: Credentials;
  /** Calls are signed here: a link that is not sealed proves too little. */
  readonly isSigning: boolean;
  readonly counters: Counters;
  readonly clock: Clock;
  /** Whether requests from this address may reach the mesh's own endpoints. */
  readonly isAllowed: (req: IncomingMessage) => boolean;
  /** Whether the connection shows, where that is asked, that it comes from who says to be this service. */
  readonly confirms: (req: IncomingMessage, service: string) => boolean;
}

/** The links that come to one app, over all of its servers. */
export interface LinkServer {
  /** From now on connections of this server may become links. Answers how to stop; links that are open then end. */
  serve(server: Server, prototypes: () => Prototypes): () => void;
  /** Lets those under way end and takes no more calls. */
  drain(): void;
  close(): void;
}

/** How long the other side may take to close a link on which nothing happens any more. */
const CLOSE_GRACE_MS = 1_000;

export function createLinkServer({
  credentials,
  isSigning,
  counters,
  clock,
  isAllowed,
  confirms,
}: LinkServerOptions): LinkServer {
  const links = new Map<Server, Set<ServedLink>>();
  const heartbeat = clock.every(SILENCE_MS, () => {
    for (const set of links.values()) for (const link of set) link.tick();
  });
  const all = () => [...links.values()].flatMap((set) => [...set]);

  /** A proof that names us and was never seen before: anything else is none of our business here. */
  function verify(req: IncomingMessage): Verified | undefined {
    const { headers, rawHeaders } = req;
    if (headers['express-micro-link'] !== LINK_VERSION || headers['express-micro-target'] === undefined) return undefined;
    const isSealed = isForSealed(req);
    if (!isAllowed(req) || (isSigning && !isSealed)) return undefined;
    const line = { method: 'GET', authority: headers.host ?? '', path: LINK_PATH, query: isSealed ? SEALED : '?' };
    const verdict = credentials.verify({ ...line, purpose: 'discovery', headers, rawHeaders, hasBody: false });
    return verdict.ok && confirms(req, verdict.sender.service) ? verdict : undefined;
  }

  function open(server: Server, verified: Verified, req: IncomingMessage, prototypes: Prototypes, set: Set<ServedLink>) {
    return (socket: Socket, early: Buffer) => {
      const proof = credentials.signAnswer(verified, { status: 101, body: undefined, request: req.headers });
      const fields = { ...proof, connection: 'Upgrade', upgrade: LINK_PROTOCOL };
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 ${STATUS_CODES[101]}\r\n${lines.join('')}\r\n`);
      const link = new ServedLink({
        socket,
        seal: isForSealed(req) ? credentials.linkKeys(verified.kid, req.headers, proof) : undefined,
        server,
        host: req.headers.host ?? '',
        caller: Object.freeze({ ...verified.sender }),
        isTrusted: trusts(() => credentials.ring(), verified),
        deliver: createDelivery(prototypes),
        counters,
        clock,
        onClosed: (closed) => set.delete(closed),
      });
      set.add(link);
      if (early.length > 0) socket.unshift(early);
    };
  }

  return {
    serve(server, prototypes) {
      if (!CAN_SERVE_LINKS) return () => {};
      const set = new Set<ServedLink>();
      links.set(server, set);
      const withdraw = offerLinks(server, (req) => {
        const verified = verify(req);
        return verified === undefined ? undefined : open(server, verified, req, prototypes(), set);
      });
      const restore = countAsConnections(server as HttpServer, set, clock);
      return () => {
        withdraw();
        restore();
        links.delete(server);
        for (const link of set) endLink(link, clock);
      };
    },
    drain() {
      for (const link of all()) link.drain();
    },
    close() {
      heartbeat.stop();
      for (const link of all()) link.destroy();
    },
  };
}

function isForSealed({ url }: IncomingMessage): boolean {
  return url === LINK_PATH + SEALED;
}

function endLink(link: ServedLink, clock: Clock): void {
  link.drain();
  clock.after(CLOSE_GRACE_MS, () => link.destroy());
}

/** Looks at the ring again only when it is another one. */
function trusts(ring: () => KeyRing, { kid, key }: Verified): () => boolean {
  let seen = ring();
  let isTrusted = true;
  return () => {
    const now = ring();
    if (now !== seen) {
      seen = now;
      isTrusted = now.find(kid).some((candidate) => candidate === key || candidate.secret === key.secret) && !now.isRetired(key);
    }
    return isTrusted;
  };
}

/**
 * Whoever closes a server's idle connections, or all, means links too: `server.close()` would wait for them for ever, and
 * it calls the first of these.
 */
function countAsConnections(server: HttpServer, links: Set<ServedLink>, clock: Clock): () => void {
  const methods = {
    closeIdleConnections() {
      for (const link of links) if (link.isIdle) endLink(link, clock);
    },
    closeAllConnections() {
      for (const link of links) link.destroy();
    },
  };
  const undo = (Object.keys(methods) as (keyof typeof methods)[]).map((name) => {
    const own = Object.getOwnPropertyDescriptor(server, name);
    const before = server[name];
    if (typeof before !== 'function') return () => {};
    const replaced = function closeWithLinks(this: HttpServer): void {
      methods[name]();
      before.call(this);
    };
    Object.defineProperty(server, name, { value: replaced, configurable: true, writable: true, enumerable: false });
    return () => {
      if (server[name] !== replaced) return;
      if (own === undefined) Reflect.deleteProperty(server, name);
      else Object.defineProperty(server, name, own);
    };
  });
  return () => {
    for (const one of undo) one();
  };
}
