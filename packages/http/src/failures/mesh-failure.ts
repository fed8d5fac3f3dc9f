import type { ErrorFacts } from './error-facts.ts';
import { codeOfStatus, type Failure, type FailureRules, phraseOf, unexpected } from './failure.ts';

/** What is no fault of ours and none of the client's, and which both may get over by waiting. */
const PASSING = new Set(['unavailable', 'deadline_exceeded', 'resource_exhausted']);
/** Of another service: it says "later", and that goes for whoever asks us, too. */
const LATER = new Set([429, 503, 504]);
/** nginx's word for a client that has gone. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * A failed call to another service. That it could not be made, or found something missing there, is not what our client has
 * asked about: so the other side's 404 is a 502 of ours, unless `passRemoteStatus` says otherwise. That we called wrongly is
 * our defect.
 */
export function meshFailure(facts: ErrorFacts, rules: FailureRules): Failure {
  const { status = 500, code, kind } = facts;
  const name = typeof code === 'string' ? code : 'INTERNAL';
  const answer = (answered: number): Failure => ({
    status: answered,
    code: name,
    message: phraseOf(answered),
    isExpected: true,
    ...retryAfter(facts.details),
  });
  if (name === 'MESH_REMOTE_STATUS') {
    const { passRemoteStatus: pass } = rules;
    const isPassed = LATER.has(status) || pass === true || (pass !== false && pass.includes(status));
    return answer(isPassed ? status : 502);
  }
  if (kind === 'cancelled' && rules.isClientGone) return { ...answer(CLIENT_CLOSED_REQUEST), code: codeOfStatus(499) };
  if (typeof kind === 'string' && PASSING.has(kind)) return answer(status);
  return unexpected(500);
}

function retryAfter(details: unknown): Pick<Failure, 'headers'> {
  const seconds = (details as { retryAfterSeconds?: unknown } | undefined)?.retryAfterSeconds;
  return typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0
    ? { headers: { 'retry-after': String(seconds) } }
    : {};
}
