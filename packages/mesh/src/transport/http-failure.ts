import type { Cancellation } from '@express-micro/core';
import { type FailurePhase, TransportFailure } from './transport.ts';

const UNREACHABLE = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
]);

/** How far a request came, from what undici says. @param wasQueued it never got as far as a connection */
export function failure(error: Error, cancellation: Cancellation, wasQueued: boolean, hadHead: boolean): TransportFailure {
  if (cancellation.reason !== undefined) return new TransportFailure('cancelled', cancellation.reason);
  return new TransportFailure(phaseOf(error, wasQueued), error, hadHead);
}

function phaseOf(error: Error, wasQueued: boolean): FailurePhase {
  const code = (error as { code?: string }).code;
  if (code === 'ECONNREFUSED') return 'refused';
  if (wasQueued || (code !== undefined && UNREACHABLE.has(code))) return 'unreachable';
  return 'lost';
}
