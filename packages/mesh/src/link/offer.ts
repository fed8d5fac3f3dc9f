import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { LINK_PATH, LINK_PROTOCOL, SEALED } from './protocol.ts';

/** Node's own parser of a connection, as far as it is looked at here. */
interface HttpParser {
  onIncoming?: ((req: IncomingMessage, shouldKeepAlive: boolean) => number) | null;
}

/** Node's parser takes this answer for: no body follows, the connection is to be upgraded. */
const UPGRADE = 2;

/** Answers whether this request gets a link; whoever says yes is given its connection at once. */
export type AcceptLink = (req: IncomingMessage) => ((socket: Socket, early: Buffer) => void) | undefined;

/**
 * Has a server turn connections into links when they are asked to, without being seen by anybody else.
 *
 * A listener of 'upgrade' would be: Node treats every request with an `Upgrade` field otherwise while there is one (those
 * of `curl --http2` too, which are ordinary requests), and all listeners hear of every upgrade (a WebSocket library refuses
 * those that it does not know). So the parser of each connection is looked at before Node decides, and a link's connection
 * is taken out in the one synchronous moment in which Node hands it over.
 */
export function offerLinks(server: Server, accept: AcceptLink): () => void {
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
  const onConnection = (socket: Socket & { parser?: HttpParser | null }) => {
    const parser = socket.parser;
    const onIncoming = parser?.onIncoming;
    if (parser === undefined || parser === null || typeof onIncoming !== 'function') return;
    parser.onIncoming = function onIncomingOrLink(this: unknown, req, shouldKeepAlive) {
      if ((req as { upgrade?: boolean }).upgrade === true && isForLink(req)) {
        const take = accept(req);
        if (take !== undefined) {
          handOver(server, req, take);
          return UPGRADE;
        }
        // Not for us to answer: the request goes its way, and is refused like any other that proves nothing.
        Reflect.set(req, 'upgrade', false);
      }
      return onIncoming.call(this, req, shouldKeepAlive);
    };
  };
  server.on(event, onConnection);
  return () => server.off(event, onConnection);
}

function isForLink(req: IncomingMessage): boolean {
  return (
    req.method === 'GET' && (req.url === LINK_PATH || req.url === LINK_PATH + SEALED) && req.headers.upgrade === LINK_PROTOCOL
  );
}

/** For the rest of this synchronous moment the server has an 'upgrade' listener, which is us, and nobody else hears it. */
function handOver(server: Server, req: IncomingMessage, take: (socket: Socket, early: Buffer) => void): void {
  const own = server as Server & { emit: unknown; listenerCount: unknown };
  const before = {
    emit: Object.getOwnPropertyDescriptor(own, 'emit'),
    listenerCount: Object.getOwnPropertyDescriptor(own, 'listenerCount'),
  };
  const restore = () => {
    for (const name of ['emit', 'listenerCount'] as const) {
      const descriptor = before[name];
      if (descriptor === undefined) Reflect.deleteProperty(own, name);
      else Object.defineProperty(own, name, descriptor);
    }
  };
  const { emit, listenerCount } = server;
  const define = (name: string, value: unknown) =>
    Object.defineProperty(own, name, { value, configurable: true, writable: true, enumerable: true });
  define('listenerCount', (event: string, ...rest: unknown[]) =>
    event === 'upgrade' ? 1 : (listenerCount as unknown as (...args: unknown[]) => number).call(server, event, ...rest),
  );
  define('emit', (event: string, ...args: unknown[]) => {
    if (event !== 'upgrade' || args[0] !== req) return (emit as (...all: unknown[]) => boolean).call(server, event, ...args);
    restore();
    take(args[1] as Socket, args[2] as Buffer);
    return true;
  });
  // Node hands over before anything else runs; should it ever not, nothing of this stays.
  process.nextTick(restore);
}
