import type { Dispatcher, Pool as PoolOfUndici } from 'undici';
import type { ConnectTls } from '../trust/certificates.ts';
import { guardedLookup } from './lookup.ts';

export type { PoolOfUndici as Pool };
export type Controller = Dispatcher.DispatchController;
export type Handler = Dispatcher.DispatchHandler;
export type RequestOptions = Dispatcher.DispatchOptions;

/**
 * What undici calls inside, below the handlers of its documentation, which it wraps in these: two objects and one reading
 * of all headers less for each call. Every version of 7 has them; the dependency is exact, and a test calls through them.
 */
export interface WireHandler {
  onConnect(abort: (reason: Error) => void): void;
  onHeaders(status: number, rawHeaders: readonly Buffer[]): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(): void;
  onError(error: Error): void;
}

export function onTheWire(handler: WireHandler): Handler {
  return handler as unknown as Handler;
}

export interface PoolOptions {
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly idleConnectionMs: number;
  readonly tls: ConnectTls;
  /** A connection was ended by the other side, or broke; not by us for having been idle. */
  readonly onDisconnect: (() => void) | undefined;
}

/**
 * Kept-alive HTTP/1.1 connections to one origin. Follows no redirects.
 *
 * undici is loaded for the first one, because that takes as long as all else at the start of an app; and of it the one part
 * that we use, because its index loads fetch, WebSocket and caches besides, and that takes three times as long.
 */
export async function openPool(origin: string, options: PoolOptions): Promise<PoolOfUndici> {
  const { default: part } = await import('undici/lib/dispatcher/pool.js');
  const Pool = part as typeof PoolOfUndici;
  const created = new Pool(origin, {
    connections: options.maxConnections,
    connect: { timeout: options.connectTimeoutMs, lookup: guardedLookup, ...options.tls },
    keepAliveTimeout: options.idleConnectionMs,
    keepAliveMaxTimeout: options.idleConnectionMs,
    // A call's own deadline bounds these; two clocks for one wait would only disagree.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const { onDisconnect } = options;
  if (onDisconnect !== undefined) {
    created.on('disconnect', (_origin, _targets, error) => {
      if ((error as { code?: string }).code !== 'UND_ERR_INFO') onDisconnect();
    });
  }
  return created;
}
