import type { Clock, Log, Random } from '@express-micro/core';
import type { Mesh } from '@express-micro/mesh';
import { keepFailuresIn } from './failures.ts';
import type { FastifyInstance } from './fastify.ts';
import { giveLifetime, giveRequestId, tellRoutes } from './fastify-request.ts';
import type { Front } from './front.ts';
import type { Micro, Services } from './micro.ts';

export interface Equipment {
  readonly mesh: Pick<Mesh<Services>, 'lifetime' | 'context'>;
  readonly front: Front;
  readonly micro: Micro;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Gives requests and the app what they have of the mesh. */
export function equip(app: FastifyInstance, { mesh, front, micro, clock, random, log }: Equipment): void {
  giveRequestId(app, mesh, random);
  giveLifetime(app, mesh, clock);
  app.addHook('onRequest', (request, reply, done) => front.admit(request.raw, reply.raw, done as (error?: unknown) => void));
  tellRoutes(app);
  keepFailuresIn(app, log);
  app.decorate('micro', micro);
}
