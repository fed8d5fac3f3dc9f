import { subscribe } from 'node:diagnostics_channel';
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { type Clock, settlesWithin } from '@express-micro/core';
import type { Listening } from '@express-micro/mesh';

/** Node says here that a server listens, whoever started it. */
const CHANNEL = 'tracing:net.server.listen:asyncEnd';

// From the moment of import, so that an app that listened before the plugin was called is found too.
const listening = new Set<WeakRef<Server>>();
const watchers = new Set<(server: Server) => void>();
subscribe(CHANNEL, (message) => {
  const { server } = message as { server: Server };
  for (const ref of listening) if (ref.deref() === undefined) listening.delete(ref);
  listening.add(new WeakRef(server));
  for (const watcher of watchers) watcher(server);
});

/** Finds the server that serves an app: now, or when it starts to listen. Answers how to stop looking. */
export function watchServers(app: unknown, onFound: (server: Server) => void): () => void {
  const look = (server: Server) => {
    if (serves(server, app)) onFound(server);
  };
  watchers.add(look);
  for (const ref of listening) {
    const server = ref.deref();
    if (server?.listening) look(server);
  }
  return () => watchers.delete(look);
}

/** `app.listen`, `http.createServer(app)` and `https.createServer(…, app)` all make the app a listener of 'request'. */
function serves(server: Server, app: unknown): boolean {
  return server.listeners('request').includes(app as never);
}

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

/** Rhythm in which connections that have become idle are closed. */
const IDLE_SWEEP_MS = 100;

/** Lets a server end: no new connections, idle ones closed, busy ones given until `limitMs`. */
export async function stopServer(server: Server, clock: Clock, limitMs: number): Promise<void> {
  if (!server.listening) return;
  const { closeIdleConnections, closeAllConnections } = server as Partial<HttpServer>;
  const sweep = clock.every(IDLE_SWEEP_MS, () => closeIdleConnections?.call(server));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  closeIdleConnections?.call(server);
  if (!(await settlesWithin(clock, limitMs, closed))) closeAllConnections?.call(server);
  sweep.stop();
}
