import { createHash } from 'node:crypto';
import type { Member } from './member.ts';

/** One member's part in the hash of a table: the first 64 bits of SHA-256 of `<id>:<incarnation>`. */
export function hashOf({ id, incarnation }: Member): bigint {
  return createHash('sha256').update(`${id}:${incarnation}`).digest().readBigUInt64BE();
}

/**
 * 64 bits that are the same for two processes exactly when they know of the same present members, in the same
 * incarnations. They ride on every ping, so that news which was lost on its way is noticed by the difference.
 *
 * A sum, so that the order does not matter and one change costs one addition; a forger gains nothing but a comparison.
 */
export function digestOf(hash: bigint): string {
  return hash.toString(16).padStart(16, '0');
}

export function add(hash: bigint, part: bigint): bigint {
  return BigInt.asUintN(64, hash + part);
}

export function subtract(hash: bigint, part: bigint): bigint {
  return BigInt.asUintN(64, hash - part);
}
