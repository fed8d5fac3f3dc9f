import { parseUntrustedJson } from '@express-micro/core';
import { isInstanceId, isServiceName, parseOrigin } from '../identity.ts';
import type { SourceMember } from './source.ts';

/** What a process writes of itself into an engine. It is a claim: the process proves its address when it is introduced. */
export interface MemberRecord extends Omit<SourceMember, 'isDoubtful'> {
  /** How long it stands without being renewed. */
  readonly leaseMs: number;
}

/** A service name, an origin and a hash at their longest fit; whatever is larger is no record. */
const MAX_RECORD_BYTES = 2_048;
/** Incarnations count changes of one process: a number near the end of integers is an attack, not a long life. */
const MAX_INCARNATION = 2 ** 48;
/** One and a half times the longest `pingInterval`. */
const MAX_LEASE_MS = 5_400_000;

const STATUSES: ReadonlySet<unknown> = new Set<MemberRecord['status']>(['UP', 'DOWN', 'LEFT']);

export function writeRecord(record: MemberRecord): string {
  return JSON.stringify(record);
}

/** Reads a record that anybody may have written who reaches the engine, or answers `undefined`. */
export function parseRecord(text: unknown): MemberRecord | undefined {
  if (typeof text !== 'string' || text.length > MAX_RECORD_BYTES) return undefined;
  let value: unknown;
  try {
    value = parseUntrustedJson(text, 2);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, service, url, incarnation, status, routesHash, isSigning, leaseMs } = value as Record<string, unknown>;
  const origin = parseOrigin(url);
  if (!isInstanceId(id) || !isServiceName(service) || origin === undefined) return undefined;
  if (!isWithin(incarnation, MAX_INCARNATION) || !isWithin(leaseMs, MAX_LEASE_MS) || !STATUSES.has(status)) return undefined;
  if (typeof routesHash !== 'string' || !/^[\w-]{1,64}$/.test(routesHash)) return undefined;
  const known = status as MemberRecord['status'];
  return { id, service, url: origin, incarnation, status: known, routesHash, isSigning: isSigning === true, leaseMs };
}

function isWithin(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}
