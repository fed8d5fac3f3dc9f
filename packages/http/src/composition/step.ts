import type { ServerResponse } from 'node:http';
import type { HttpRequest, Next } from '../middleware.ts';
import type { Principal } from '../principal.ts';

declare const ADDS: unique symbol;

/** A middleware that knows what it puts on the request. Every middleware is one; `provide` makes one that adds something. */
export type Step<Req, Res, Adds> = ((req: Req, res: Res, next: Next) => unknown) & { readonly [ADDS]?: Adds };

/** Several of them as one. What they add together is known to what stands behind. */
export type Pipeline<Req, Res, Adds> = ((req: Req, res: Res, next: Next) => void) & { readonly [ADDS]?: Adds };

/** What a middleware adds to the request: `type Known = AddsOf<typeof loadUser>`. */
export type AddsOf<S> = S extends { readonly [ADDS]?: infer Adds } ? Adds : unknown;

/**
 * A guard behind which it is known who calls: it refuses strangers. So `principal` is there for a contract's handler, and `req.principal` for
 * the rest of a `pipeline`.
 */
export type IdentifyingMiddleware<P extends Principal = Principal> = Pipeline<
  HttpRequest,
  ServerResponse,
  { readonly principal: P }
>;

/** Any function that can stand in the way of a request, whatever types it has of request and response. */
// biome-ignore lint/suspicious/noExplicitAny: handlers are typed by their framework, and none of its types is known here
export type AnyMiddleware = (req: any, res: any, next: any) => unknown;

/** A middleware as this package runs it. */
export type RunStep = (req: HttpRequest, res: ServerResponse, next: Next) => unknown;
