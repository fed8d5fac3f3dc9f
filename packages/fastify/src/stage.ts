import type { ResolvedOptions } from '@express-micro/mesh';
import type { FastifyInstance } from './fastify.ts';
import type { Micro } from './micro.ts';

/** Takes an app in the place of the mesh. `ownName` is the name that it gave itself, if it did. */
export type Stage = (app: FastifyInstance, options: ResolvedOptions, ownName: string | undefined) => Micro;

/** Of the process, whatever copy of this code asks. */
const STAGE = Symbol.for('express-micro.fastify-stage.1');
const shared = globalThis as { [STAGE]?: Stage };

/** From now on apps go on this stage: `@express-micro/fastify/testing` opens it, in processes that test. */
export function openStage(stage: Stage): void {
  shared[STAGE] = stage;
}

/** `undefined` in every process that serves. */
export function currentStage(): Stage | undefined {
  return shared[STAGE];
}
