import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from './principal.ts';

/**
 * A request as every part of this package sees it: Node's own, with what a framework has put on it. On Fastify it is `request.raw`, to
 * which the adapter gives the same. So one middleware serves Express 4, Express 5 and Fastify.
 */
export interface HttpRequest extends IncomingMessage {
  /** As the client wrote it, before routers took their prefix off `url`. */
  originalUrl?: string;
  /** The client's address, by what the framework trusts. */
  ip?: string | undefined;
  body?: unknown;
  query?: unknown;
  params?: unknown;
  /** Who calls, when it is known. */
  principal?: Principal | undefined;
}

export type Next = (error?: unknown) => void;

/** Uses nothing of `res` but what Node gives it. Says `next()`, `next(error)`, or answers by itself. */
export type Middleware = (req: HttpRequest, res: ServerResponse, next: Next) => void;
