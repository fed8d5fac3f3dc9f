import type { RequestDeadline } from '@express-micro/mesh';
import type { Micro } from './micro.ts';

// The one file that names Fastify: it is needed for its types alone, whichever 5.x the app has installed.
export type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** This app as a member of the mesh, once `fastifyMicro` is registered. */
    readonly micro: Micro;
  }
  interface FastifyRequest {
    /** When the caller's time is up; `undefined` where it gave none. `signal` ends with it too. */
    readonly deadline: RequestDeadline | undefined;
  }
  interface FastifyContextConfig {
    /** The name by which the others call this route, above its handler's own: `config: { name: 'getOrders' }`. */
    readonly name?: string | undefined;
  }
}
