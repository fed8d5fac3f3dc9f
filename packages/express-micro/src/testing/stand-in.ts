import type { HandlingApp } from '@express-micro/core';
import type { ResolvedOptions } from '@express-micro/mesh';
import { createStandIn, type StagedApp } from '@express-micro/mesh/test-mesh';
import { type Micro, refuseMisplaced, type Services } from '../express-micro.ts';
import { giveLifetime } from '../express-request.ts';
import { createRouteReader } from '../express-routes.ts';
import { standInFront } from '../front.ts';

/** Gives an app what `expressMicro()` gives it, over whatever part it plays at the moment. */
export function stageApp(app: HandlingApp, options: ResolvedOptions, ownName: string | undefined): StagedApp<Micro> {
  const routes = createRouteReader(app);
  const standIn = createStandIn<Services>(ownName);
  giveLifetime(app, standIn.lifetime, standIn.clock);
  standInFront(app, {
    front: standIn.front,
    log: options.log,
    isClosed: () => standIn.part === undefined,
    onRequest: () => {},
  });
  const micro: Micro = {
    ...standIn.micro,
    caller: standIn.caller,
    internal(...misplaced: unknown[]) {
      refuseMisplaced('internal', misplaced);
      return standIn.internal;
    },
    idempotent(given, ...misplaced: unknown[]) {
      refuseMisplaced('idempotent', misplaced);
      return standIn.idempotent(given);
    },
    readiness(...misplaced: unknown[]) {
      refuseMisplaced('readiness', misplaced);
      return standIn.readiness;
    },
  };
  return { micro, standIn, role: { options, routes: () => routes.read(), handle: (_mesh, req, res) => void app(req, res) } };
}
