import type { MeshPart } from '@express-micro/core';
import type { Fields } from './clean.ts';
import type { Logger } from './logger.ts';

interface Member {
  readonly id: string;
  readonly service: string;
  readonly url: string;
}
interface Ejection {
  readonly service: string;
  readonly instance: string;
  readonly reason: string;
  readonly forMs: number;
}
interface Retry {
  readonly service: string;
  readonly function: string;
  readonly instance: string;
  readonly attempts: number;
  readonly reason: string;
}
interface SourceNews {
  readonly source: string;
  readonly status: string;
}

const peer = ({ id, service, url }: Member): Fields => ({ peer: service, instance: id, url });

/**
 * What the mesh does, as lines: who comes and goes, whom calls keep away from, what is tried again, overload, leaving. Whether
 * a call went well is the app's to say, and the metrics'. Answers how to stop.
 */
export function logMesh(mesh: MeshPart, logger: Logger): () => void {
  const stops = [
    mesh.on('up', (_service, instance) => logger.info('Service found', peer(instance as Member))),
    mesh.on('down', (_service, instance) => logger.warn('Service lost', peer(instance as Member))),
    mesh.on('ejected', (ejection) => {
      const { service, instance, reason, forMs } = ejection as Ejection;
      logger.warn('Instance ejected', { peer: service, instance, reason, forMs });
    }),
    mesh.on('readmitted', (instance) => logger.info('Instance readmitted', peer(instance as Member))),
    mesh.on('retry', (retry) => {
      const { service, function: name, instance, attempts, reason } = retry as Retry;
      logger.debug('Call retried', { peer: service, function: name, instance, attempts, reason });
    }),
    mesh.on('overload', (isOverloaded) => {
      if (isOverloaded === true) logger.warn('Overloaded: requests are refused');
      else logger.info('No longer overloaded');
    }),
    // What was lost and why, the mesh says itself, as words; here it is for whoever looks for fields.
    mesh.on('source', (news) => {
      const { source, status } = news as SourceNews;
      logger.debug('Source of members', { source, status });
    }),
    // What is waited for at the end, the shutdown says.
    mesh.on('drain', (phase) => logger.debug('Leaving the mesh', { phase: String(phase) })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
