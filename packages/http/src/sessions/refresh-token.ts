import { createHash, createHmac } from 'node:crypto';
import type { Random } from '@express-micro/core';

/**
 * What a client is given: 16 bytes that say which session, and 32 that prove it, as one text.
 *
 * The store has hashes of both: who reads it can make no token. And the first part is nowhere else: whoever shows it has had a token of
 * this session, so that a wrong second part is a token that counted once, and not the guess of somebody who wants others logged out.
 */
export interface RefreshToken {
  readonly text: string;
  readonly sessionId: string;
  readonly hash: string;
  readonly handle: Buffer;
  readonly proof: Buffer;
}

const HANDLE_BYTES = 16;
const PROOF_BYTES = 32;
const SHAPE = /^[\w-]{64}$/;

export function newRefreshToken(random: Random): RefreshToken {
  return tokenOf(random.bytes(HANDLE_BYTES), random.bytes(PROOF_BYTES));
}

export function readRefreshToken(text: unknown): RefreshToken | undefined {
  if (typeof text !== 'string' || !SHAPE.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return tokenOf(bytes.subarray(0, HANDLE_BYTES), bytes.subarray(HANDLE_BYTES));
}

/**
 * The one that takes its place. It follows from the token and `nonce`, of which clients have one and the store the other: so whoever
 * shows the same token again within the grace is given the same next one, and there are never two that count.
 */
export function nextRefreshToken({ handle, proof }: RefreshToken, nonce: string): RefreshToken {
  return tokenOf(handle, createHmac('sha256', proof).update(nonce).digest());
}

export function newNonce(random: Random): string {
  return random.bytes(PROOF_BYTES).toString('base64url');
}

function tokenOf(handle: Buffer, proof: Buffer): RefreshToken {
  const text = Buffer.concat([handle, proof]).toString('base64url');
  return { text, handle, proof, sessionId: hashOf('session', handle).slice(0, 24), hash: hashOf('token', Buffer.from(text)) };
}

/** What it is of stands in front, so that no hash of one kind is one of the other. */
function hashOf(what: string, bytes: Buffer): string {
  return createHash('sha256').update(`${what}\0`).update(bytes).digest('base64url');
}
