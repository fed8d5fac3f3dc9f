import type { IncomingMessage } from 'node:http';
import { type Clock, isRequestId, markEntrance, type Random } from '@express-micro/core';
import { deadlineOf, type Mesh, signalOf } from '@express-micro/mesh';
import type { FastifyInstance, FastifyRequest } from './fastify.ts';

/**
 * Gives requests `deadline`, and a `signal` that ends with it, too. Fastify's own ends when the connection does, and with the
 * time that a route gives its handler; both stay part of it. What a plugin has put there before stays as it is.
 */
export function giveLifetime(app: FastifyInstance, { lifetime }: Pick<Mesh, 'lifetime'>, clock: Clock): void {
  const combined = new WeakMap<FastifyRequest, AbortSignal>();
  decorate(app, 'deadline', function deadline(this: FastifyRequest) {
    return deadlineOf(lifetime(this.raw), clock);
  });
  decorate(app, 'signal', function signal(this: FastifyRequest) {
    const ours = signalOf(lifetime(this.raw));
    const { handlerTimeout } = this.routeOptions as { handlerTimeout?: number | undefined };
    if (!handlerTimeout) return ours;
    const known = combined.get(this) ?? AbortSignal.any([ours, ...inheritedSignal(this, signal)]);
    combined.set(this, known);
    return known;
  });
}

function decorate(app: FastifyInstance, name: string, getter: (this: FastifyRequest) => unknown): void {
  try {
    app.decorateRequest(name, { getter } as never);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'FST_ERR_DEC_ALREADY_PRESENT') throw error;
  }
}

/** What Fastify itself gives as the signal: nothing before 5.8. */
function inheritedSignal(request: FastifyRequest, own: () => unknown): AbortSignal[] {
  for (let at: object = Object.getPrototypeOf(request); at !== null; at = Object.getPrototypeOf(at)) {
    const get = Object.getOwnPropertyDescriptor(at, 'signal')?.get;
    if (get !== undefined && get !== own) return [get.call(request) as AbortSignal];
  }
  return [];
}

/**
 * `request.id` is the id by which the request goes through the fleet. An app that says how its ids are made, by `genReqId` or
 * `requestIdHeader`, keeps them.
 */
export function giveRequestId(app: FastifyInstance, { context }: Pick<Mesh, 'context'>, random: Random): void {
  // Public, and not among its types.
  const { genReqId } = app as { genReqId?: { readonly name: string } };
  if (genReqId?.name !== 'defaultGenReqId') return;
  app.setGenReqId((raw: IncomingMessage) => {
    const known = context(raw)?.requestId;
    if (known !== undefined) return known;
    // Fastify asks before the first hook: what comes past the server gets its id here, and takes it along.
    const { 'x-request-id': given } = raw.headers;
    const requestId = isRequestId(given) ? given : random.uuid();
    markEntrance(raw, { requestId, context: undefined });
    return requestId;
  });
}

interface Route {
  readonly path: string;
}

/** Leaves on each request which route it took, as Express does: shedding and metrics tell routes apart by it. */
export function tellRoutes(app: FastifyInstance): void {
  const routes = new WeakMap<object, Route>();
  app.addHook('onRequest', (request, _reply, done) => {
    const { config } = request.routeOptions;
    if (config.url !== undefined) {
      let route = routes.get(config);
      if (route === undefined) {
        route = { path: config.url };
        routes.set(config, route);
      }
      (request.raw as { route?: Route }).route = route;
    }
    done();
  });
}
