import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Listening } from './mesh-api.ts';

/** Where a server can be reached; `undefined` while it does not listen, or listens on a pipe. */
export function addressOf(server: Server): Listening | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return undefined;
  const isAny = address.address === '::' || address.address === '0.0.0.0';
  return {
    protocol: server instanceof TlsServer ? 'https' : 'http',
    host: isAny ? undefined : address.address,
    port: address.port,
  };
}

/** The server through which a request came: the last way to learn of one that hides the app behind a function. */
export function serverOf(req: IncomingMessage): Server | undefined {
  return (req.socket as { server?: Server } | null)?.server;
}

/** What Node sets where nobody says anything else. */
const DEFAULT_KEEP_ALIVE_MS = 5_000;
const DEFAULT_HEADERS_MS = 60_000;
/** Longer than callers keep a connection idle (other services 4 s, load balancers up to 60 s), so that they end it and not we. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Keeps idle connections longer than callers do. Where both sides give up at the same time, a request meets a connection
 * that is just being closed, and is lost. Another value than Node's own is the user's, and stays.
 */
export function keepConnections(server: Server): void {
  const http = server as Partial<HttpServer>;
  if (http.keepAliveTimeout !== DEFAULT_KEEP_ALIVE_MS) return;
  http.keepAliveTimeout = KEEP_ALIVE_MS;
  // No less than the other, which older proxies and Node's own documentation ask for.
  if (http.headersTimeout === DEFAULT_HEADERS_MS) http.headersTimeout = KEEP_ALIVE_MS + 1_000;
}
