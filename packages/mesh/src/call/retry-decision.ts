import { type Clock, isMicroError } from '@express-micro/core';
import { TransportFailure } from '../transport/transport.ts';
import { NOT_EXECUTED } from '../wire.ts';
import type { CallAnswer } from './call.ts';
import type { RetryTunables } from './retry-options.ts';

/**
 * How an attempt ended, as far as trying again is concerned.
 *
 * - `final`: answered, called off, or broken off after the head of the answer.
 * - `not-executed`: surely; anything may be repeated.
 * - `not-sent`: there was no place at that instance; another one may have one.
 * - `lost`: it may have been executed.
 * - `later`: the answer asks to come back later.
 */
export type Fate =
  | { readonly kind: 'final' | 'not-sent' | 'lost'; readonly reason: string }
  | { readonly kind: 'not-executed'; readonly reason: string; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'later'; readonly reason: string; readonly retryAfterMs: number };

const FINAL: Fate = Object.freeze({ kind: 'final', reason: '' });

export function fateOfAnswer(answer: CallAnswer, clock: Clock): Fate {
  const { status } = answer;
  if (status !== 429 && status !== 503) return FINAL;
  // Read only here: most answers have their headers parsed by nobody.
  const { headers } = answer;
  const reason = `answered ${status}`;
  const retryAfterMs = readRetryAfter(headers['retry-after'], clock.epochMs());
  if (status === 503 && headers[NOT_EXECUTED] !== undefined) return { kind: 'not-executed', reason, retryAfterMs };
  return retryAfterMs === undefined ? FINAL : { kind: 'later', reason, retryAfterMs };
}

export function fateOfFailure(error: unknown): Fate {
  if (isMicroError(error) && error.code === 'MESH_OVERLOADED') return { kind: 'not-sent', reason: 'no free place' };
  if (!(error instanceof TransportFailure) || error.phase === 'cancelled') return FINAL;
  if (error.phase !== 'lost') return { kind: 'not-executed', reason: error.phase };
  return error.hadHead ? FINAL : { kind: 'lost', reason: error.phase };
}

/** Seconds or a date (RFC 9110, section 10.2.3) as milliseconds from now; `undefined` for anything else. */
export function readRetryAfter(value: string | string[] | undefined, epochMs: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - epochMs);
}

export interface RetryFacts {
  readonly fate: Fate;
  /** By its method, or by an idempotency key. */
  readonly isIdempotent: boolean;
  /** A stream that began to flow cannot be sent twice. */
  readonly canResend: boolean;
  /** There is an instance that has not failed this call. */
  readonly hasAnother: boolean;
  /** There is one where no overload makes calls wait. */
  readonly hasRoom: boolean;
  /** Begun so far. */
  readonly attempts: number;
  readonly remainingMs: number;
}

/** How long to wait before the next attempt, or `undefined` when there is none. @param chance in [0, 1) */
export function decideRetry(facts: RetryFacts, tunables: RetryTunables, chance: number): number | undefined {
  const { fate, isIdempotent, canResend, hasAnother, hasRoom, attempts, remainingMs } = facts;
  if (fate.kind === 'final' || attempts >= tunables.maxAttempts || !canResend) return undefined;
  if (!isIdempotent && (fate.kind === 'lost' || fate.kind === 'later')) return undefined;
  if (fate.kind === 'not-sent' && !hasAnother) return undefined;
  // It would push out another call, and come late itself.
  if (!hasRoom && isOverload(fate)) return undefined;
  // Full jitter (AWS, "Exponential Backoff and Jitter"): whoever failed together does not come back together.
  const jitterMs = chance * Math.min(tunables.maxDelayMs, tunables.baseDelayMs * 2 ** (attempts - 1));
  const waitMs = Math.max(jitterMs, minimumWait(fate, hasAnother));
  return waitMs < remainingMs ? waitMs : undefined;
}

function isOverload(fate: Fate): boolean {
  return fate.kind === 'not-sent' || (fate.kind === 'not-executed' && fate.retryAfterMs !== undefined);
}

/** What one instance refused before it ran is nothing to another one. */
function minimumWait(fate: Fate, hasAnother: boolean): number {
  if (fate.kind === 'later') return fate.retryAfterMs;
  return fate.kind === 'not-executed' && !hasAnother ? (fate.retryAfterMs ?? 0) : 0;
}
