import type { Counters } from '../counters.ts';
import { MeshError, type MeshErrorCode } from '../errors.ts';

/** The service could not answer: not reached, lost, too late, too much to do. */
const UNAVAILABLE: ReadonlySet<MeshErrorCode> = new Set<MeshErrorCode>([
  'MESH_SERVICE_UNAVAILABLE',
  'MESH_CONNECTION_LOST',
  'MESH_DEADLINE_EXCEEDED',
  'MESH_OVERLOADED',
]);

/** Whether a fallback stands for this failure. Its own 5xx counts; its 4xx is an answer, and a wrong call stays one. */
function isFallbackFor(error: unknown): boolean {
  if (!(error instanceof MeshError)) return false;
  return UNAVAILABLE.has(error.code) || (error.code === 'MESH_REMOTE_STATUS' && error.status >= 500);
}

/** The value that the caller gave for this case, or the error. */
export function fallBack(fallback: unknown, error: unknown, counters: Counters): unknown {
  if (fallback === undefined || !isFallbackFor(error)) throw error;
  counters.fallbacks += 1;
  return typeof fallback === 'function' ? fallback(error) : fallback;
}
