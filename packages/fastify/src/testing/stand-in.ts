import { systemRandom } from '@express-micro/core';
import type { ResolvedOptions } from '@express-micro/mesh';
import { createStandIn, type StagedApp } from '@express-micro/mesh/test-mesh';
import { createClosing } from '../closing.ts';
import { equip } from '../equip.ts';
import type { FastifyInstance } from '../fastify.ts';
import { createRouteReader } from '../fastify-routes.ts';
import { createFront } from '../front.ts';
import { type Micro, microFor, type Services } from '../micro.ts';

/** Gives an app what `fastifyMicro` gives it, over whatever part it plays at the moment. */
export function stageApp(app: FastifyInstance, options: ResolvedOptions, ownName: string | undefined): StagedApp<Micro> {
  const routes = createRouteReader(app);
  const standIn = createStandIn<Services>(ownName);
  const { log } = options;
  const resting = { isClosed: () => standIn.part === undefined, onRequest: () => {} };
  const front = createFront(app.routing as never, standIn, () => resting, log);
  const micro = microFor(standIn.micro, standIn);
  createClosing(app, log).leaveFirst(micro);
  equip(app, { mesh: standIn, front, micro, clock: standIn.clock, random: systemRandom, log });
  return { micro, standIn, role: { options, routes, handle: (_mesh, req, res) => front.handle(req, res) } };
}
