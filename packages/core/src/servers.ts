import { subscribe } from 'node:diagnostics_channel';
import type { Server as HttpServer } from 'node:http';
import { Server } from 'node:net';
import type { Clock } from './clock.ts';
import { settlesWithin } from './closing.ts';

/** Node says here that a server listens, whoever started it. */
const CHANNEL = 'tracing:net.server.listen:asyncEnd';

// From the moment of import, so that an app that listened before the plugin was called is found too.
const listening = new Set<WeakRef<Server>>();
const watchers = new Set<(server: Server) => void>();
function found(server: Server): void {
  for (const ref of listening) if (ref.deref() === undefined) listening.delete(ref);
  listening.add(new WeakRef(server));
  for (const watcher of watchers) watcher(server);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// Node 21, and 22 before 22.3, do not say it: there each server is heard by itself.
if (major === 21 || (major === 22 && minor < 3)) hearEachServer(Server.prototype);
else subscribe(CHANNEL, (message) => found((message as { server: Server }).server));

function hearEachServer(prototype: { listen: Server['listen'] }): void {
  const { listen } = prototype;
  prototype.listen = function listenAndTell(this: Server, ...args: unknown[]) {
    this.once('listening', () => found(this));
    return Reflect.apply(listen, this, args) as Server;
  } as Server['listen'];
}

/** Finds the server that serves an app: now, or when it starts to listen. Answers how to stop looking. */
export function watchServers(app: object, onFound: (server: Server) => void): () => void {
  // Weakly: an app that never listens may go.
  const ref = new WeakRef(app);
  const look = (server: Server) => {
    const living = ref.deref();
    if (living === undefined) watchers.delete(look);
    else if (serves(server, living)) onFound(server);
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

/** Rhythm in which connections that have become idle are closed. */
const IDLE_SWEEP_MS = 100;

/**
 * Lets a server end: no new connections, idle ones closed, busy ones given until `limitMs`.
 *
 * @param close ends it; a framework that has a way of its own says it here
 */
export async function stopServer(
  server: Server,
  clock: Clock,
  limitMs: number,
  close: () => unknown = () => server.close(),
): Promise<void> {
  if (!server.listening) return;
  const { closeIdleConnections, closeAllConnections } = server as Partial<HttpServer>;
  const sweep = clock.every(IDLE_SWEEP_MS, () => closeIdleConnections?.call(server));
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  close();
  closeIdleConnections?.call(server);
  if (!(await settlesWithin(clock, limitMs, closed))) closeAllConnections?.call(server);
  sweep.stop();
}
