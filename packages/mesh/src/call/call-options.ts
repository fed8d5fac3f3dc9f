import { show } from '@express-micro/core';
import { type MeshErrorExtras, meshError } from '../errors.ts';
import type { CallOptions } from './call.ts';

const NAMES: readonly (keyof CallOptions)[] = [
  'timeoutMs',
  'signal',
  'headers',
  'idempotencyKey',
  'instance',
  'method',
  'hedge',
  'fallback',
];

/** Timers take no longer time. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** Finds a mistake in the options of one call before anything is sent. */
export function checkCallOptions(options: CallOptions, facts: MeshErrorExtras): void {
  if (typeof options !== 'object' || options === null)
    throw problem(`got ${show(options)} for its options; it takes an object`, facts);
  for (const name in options) {
    if (!(NAMES as readonly string[]).includes(name)) {
      throw problem(
        `has no option "${name}"; there are: ${NAMES.join(', ')} (and params, query, body with .request and .stream)`,
        facts,
      );
    }
  }
  const { timeoutMs, signal, idempotencyKey, hedge } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw problem(`got timeoutMs ${show(timeoutMs)}; it takes milliseconds above 0 and up to ${MAX_TIMEOUT_MS}`, facts);
  }
  if (signal !== undefined && typeof signal.addEventListener !== 'function')
    throw problem('got a signal that is not an AbortSignal', facts);
  // Visible ASCII: whatever else may stand in a header value (RFC 9110, section 5.5) has no place in a key.
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    throw problem(`got idempotencyKey ${show(idempotencyKey)}; it takes 1 to 255 visible ASCII characters`, facts);
  }
  if (hedge !== undefined && !isHedge(hedge)) {
    throw problem(`got hedge ${show(hedge)}; it takes true, false or { afterMs }, with milliseconds of 0 and more`, facts);
  }
}

/** A second attempt must do no harm, and needs a second instance. @throws MESH_ARGUMENT_INVALID */
export function checkHedge({ hedge, instance }: CallOptions, method: string): void {
  if (hedge === undefined || hedge === false) return;
  if (method !== 'GET' && method !== 'HEAD') {
    throw meshError('MESH_ARGUMENT_INVALID', `"hedge" is for GET and HEAD; this function is ${method}, which may run twice.`);
  }
  if (instance !== undefined) {
    throw meshError(
      'MESH_ARGUMENT_INVALID',
      '"hedge" asks a second instance, and "instance" allows only the one. Leave one of them out.',
    );
  }
}

function isHedge(value: unknown): boolean {
  if (typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'afterMs') return false;
  const { afterMs } = value as { afterMs: unknown };
  return typeof afterMs === 'number' && afterMs >= 0 && afterMs <= MAX_TIMEOUT_MS;
}

function problem(what: string, facts: MeshErrorExtras): Error {
  return meshError('MESH_ARGUMENT_INVALID', `The call of ${facts.service}.${facts.function} ${what}.`, facts);
}
