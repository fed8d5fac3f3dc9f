// Hot path: every layer that a request passes, in an app that is traced. Its bench: bench/observed-cost.mjs

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, entranceOf } from '@express-micro/core';
import type { OtelContext } from '../opentelemetry.ts';
import { ObservedRequest } from '../request/observed-request.ts';
import { tracerOfSdk } from './sdk.ts';

type Next = (...args: unknown[]) => void;
type HandleRequest = (this: Layer, req: IncomingMessage, res: ServerResponse, next: Next) => unknown;

/** What is relied on of a layer of Express's router: in 4.x and in 5.x, where the method has another name. */
interface Layer {
  readonly name?: string;
  readonly route?: unknown;
  /** Of a layer within a route. */
  readonly method?: unknown;
  readonly handle?: { readonly stack?: unknown; readonly length?: unknown };
}
interface Router {
  readonly stack?: readonly Layer[];
}

const METHODS = ['handleRequest', 'handle_request'] as const;
/** Every copy of this package knows which layers are watched. */
const WATCHED: unique symbol = Symbol.for('express-micro.watched-layers') as never;

/**
 * Has each middleware that takes longer than `slowMs` shown as a span of its own, named after its function. Most take
 * microseconds, and a span for each would hide what matters; what a route's handler does shows in the spans that it begins.
 *
 * Express calls every layer by one method of its prototype, which is found when the first request comes.
 */
export function watchMiddleware(app: object, slowMs: number, clock: Clock): (req: IncomingMessage) => void {
  let isWatching = false;
  return () => {
    if (isWatching || tracerOfSdk() === undefined) return;
    const of = app as { readonly router?: Router; readonly _router?: Router; readonly lazyrouter?: unknown };
    // Express 4 throws for whoever asks it for `router`, and may have none yet.
    const [layer] = (of.lazyrouter === undefined ? of.router : of._router)?.stack ?? [];
    if (layer === undefined) return;
    isWatching = true;
    const prototype = Object.getPrototypeOf(layer) as Record<string | symbol, unknown>;
    if (prototype[WATCHED] === true) return;
    Object.defineProperty(prototype, WATCHED, { value: true });
    for (const name of METHODS) {
      const original = prototype[name];
      if (typeof original === 'function') prototype[name] = timed(original as HandleRequest, slowMs, clock);
    }
  };
}

function timed(original: HandleRequest, slowMs: number, clock: Clock): HandleRequest {
  // A function in which a closure stands allocates for it with each call, also where it makes none.
  return function handleTimed(req, res, next) {
    // `(req, res)`, the handler at the end of most routes, has no way on.
    if (this.route !== undefined) return original.call(this, req, res, next);
    const given = this.handle?.length;
    if (given === 1 || given === 2) return original.call(this, req, res, next);
    const request = entranceOf(req);
    const traced = request instanceof ObservedRequest ? request.trace : undefined;
    if (traced === undefined || this.handle?.stack !== undefined || !traced.isRecording)
      return original.call(this, req, res, next);
    return original.call(this, req, res, timedNext(this, traced, next, slowMs, clock));
  };
}

function timedNext(layer: Layer, traced: OtelContext, next: Next, slowMs: number, clock: Clock): Next {
  const beganAtMs = clock.monotonicMs();
  return (...args) => {
    const tookMs = clock.monotonicMs() - beganAtMs;
    // In a route, whoever hands on an error is as a rule its handler, and no middleware.
    const isHandler = layer.method !== undefined && args.length > 0 && args[0] !== undefined && args[0] !== null;
    if (tookMs >= slowMs && !isHandler) show(layer, traced, tookMs, clock.epochMs());
    next(...args);
  };
}

function show(layer: Layer, parent: OtelContext, tookMs: number, endedAtMs: number): void {
  const name = layer.name === undefined || layer.name === '' || layer.name === '<anonymous>' ? 'anonymous' : layer.name;
  tracerOfSdk()
    ?.startSpan(
      `middleware ${name}`,
      { startTime: endedAtMs - tookMs, attributes: { 'express.type': 'middleware', 'express.name': name } },
      parent,
    )
    .end(endedAtMs);
}
