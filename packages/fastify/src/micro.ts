import type { IncomingMessage } from 'node:http';
import { type Caller, carryHeaders, keepContext, type Reply } from '@express-micro/core';
import { type IdempotencyOptions, type Mesh, type MicroOf, type Middleware, meshError } from '@express-micro/mesh';

/**
 * Declare your services here to have them typed:
 *
 * ```ts
 * declare module '@express-micro/fastify' {
 *   interface Services { orderService: { getOrders(args: { userId: number }): Promise<Order[]> } }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be filled by its users, by declaration merging.
export interface Services {}

/** What is needed of a Fastify request: any that its type providers make has it. */
interface RawRequest {
  readonly raw: IncomingMessage;
  readonly body?: unknown;
}

/** A hook: for `onRequest`, `preValidation` or `preHandler`, of a route or of all of them. */
export type MicroHook = (request: RawRequest, reply: Reply, done: (error?: Error) => void) => void;

/** A handler that answers by itself. */
export type MicroHandler = (request: RawRequest, reply: AnsweringReply) => void;

interface AnsweringReply {
  code(status: number): { header(name: string, value: string): { send(body: unknown): unknown } };
}

/** What an app can do as a member of the mesh: `app.micro`. */
export interface Micro extends MicroOf<Services> {
  /** A guard for routes that only verified services may call, 401 for everybody else: `{ onRequest: app.micro.internal() }`. */
  internal(): MicroHook;
  /**
   * Runs a request with an `Idempotency-Key` once; who asks again with the same key gets the first answer:
   * `{ onRequest: app.micro.idempotent() }`, or as `preHandler`. Not for answers that are streams: they are held until they
   * end, to be kept.
   * @throws MESH_OPTION_INVALID
   */
  idempotent(options?: IdempotencyOptions): MicroHook;
  /** Who made this request, if it was a service that proved itself. Takes Node's request, too. */
  caller(request: RawRequest | IncomingMessage): Caller | undefined;
  /** Answers a load balancer the same as `isReady()`, with 200 or 503: `app.get('/health/ready', app.micro.readiness())`. */
  readiness(): MicroHandler;
}

/** What of a mesh stands behind the guards of a route. */
export type Guards = Pick<Mesh<Services>, 'caller' | 'internal' | 'idempotent' | 'isReady'>;

export function microFor(common: MicroOf<Services>, guards: Guards): Micro {
  return Object.assign(common, {
    caller: (request: RawRequest | IncomingMessage) => guards.caller('raw' in request ? request.raw : request),
    internal(...misplaced: unknown[]) {
      refuseMisplaced('internal', misplaced);
      return asHook(guards.internal);
    },
    idempotent(given?: IdempotencyOptions, ...misplaced: unknown[]) {
      refuseMisplaced('idempotent', misplaced);
      // It waits for its store, and what comes after that belongs to the request all the same.
      keepContext();
      return asHook(guards.idempotent(given));
    },
    readiness(...misplaced: unknown[]): MicroHandler {
      refuseMisplaced('readiness', misplaced);
      return (_request, reply) => {
        const isReady = guards.isReady();
        const answer = reply.code(isReady ? 200 : 503).header('cache-control', 'no-store');
        answer.send({ status: isReady ? 'ready' : 'leaving' });
      };
    },
  });
}

/** A middleware works on Node's own objects. Where it answers by itself, Fastify hears of it by the end of the response. */
function asHook(middleware: Middleware): MicroHook {
  return (request, reply, done) => {
    // Where a parser in front has made something of the body, that is what was sent.
    if (request.body !== undefined) Object.assign(request.raw, { body: request.body });
    const endCarrying = carryHeaders(reply);
    middleware(request.raw, reply.raw, (error) => {
      endCarrying();
      done(error as Error | undefined);
    });
  };
}

/** `{ onRequest: micro.internal }` would hand it a request, and leave that without an answer. */
function refuseMisplaced(name: string, misplaced: readonly unknown[]): void {
  if (misplaced.length === 0) return;
  const usage =
    name === 'readiness' ? `app.get(path, app.micro.${name}())` : `app.get(path, { onRequest: app.micro.${name}() }, handler)`;
  const what = name === 'readiness' ? 'a handler' : 'a hook';
  throw meshError('MESH_OPTION_INVALID', `${name}() makes ${what} and is none itself: ${usage}.`);
}
