import { isMicroError } from '@express-micro/core';
import { TransportFailure } from '../transport/transport.ts';
import { NOT_EXECUTED } from '../wire.ts';
import type { CallAnswer, CallRequest } from './call.ts';

/**
 * What an attempt says of the instance that was tried.
 *
 * - `good`: it answered, below 500 (a 404 is a good answer of a healthy instance).
 * - `broken`: it answered 5xx by itself.
 * - `down`: no connection, a lost one, no answer in time, or an answer that says so: 502, 503, 504.
 * - `shed`: it refused for overload before anything ran. It is alive, and wants less.
 * - `unknown`: the attempt was called off, or never left this process.
 */
export type Outcome = 'good' | 'broken' | 'down' | 'shed' | 'unknown';

export function outcomeOfAnswer(answer: CallAnswer): Outcome {
  const { status } = answer;
  if (status < 500) return isOfAnother(answer) ? 'down' : 'good';
  if (status === 503) return answer.headers[NOT_EXECUTED] === undefined ? 'down' : 'shed';
  return status === 502 || status === 504 ? 'down' : 'broken';
}

/** Another process answers at that address, or one with another key: as good as refused. */
export function isOfAnother(answer: CallAnswer): boolean {
  return answer.status === 401 && answer.headers[NOT_EXECUTED] !== undefined;
}

/**
 * A time that is up is the fault of the instance which had most of it, not of one that got the rest after a retry.
 */
export function outcomeOfFailure(request: CallRequest, error: unknown, nowMs: number): Outcome {
  if (!request.isSent || !(error instanceof TransportFailure)) return 'unknown';
  if (error.phase !== 'cancelled') return 'down';
  const { cause } = error;
  if (!isMicroError(cause) || cause.kind !== 'deadline_exceeded') return 'unknown';
  return (nowMs - request.attemptedAtMs) * 2 >= nowMs - request.startedAtMs ? 'down' : 'unknown';
}
