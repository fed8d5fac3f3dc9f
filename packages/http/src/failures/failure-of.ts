import { headersOfError } from '@express-micro/core';
import { placeOfError } from '../bodies/json-place.ts';
import type { ErrorFacts } from './error-facts.ts';
import { codeOfStatus, type Failure, type FailureRules, isCode, phraseOf, textOf, unexpected } from './failure.ts';
import { meshFailure } from './mesh-failure.ts';

/** Decides, of what was thrown, what a client is to know. */
export function failureOf(facts: ErrorFacts, rules: FailureRules): Failure {
  switch (facts.origin) {
    case 'app':
      return facts.isOperational === true ? declared(facts) : unexpected(500);
    case 'mesh':
    case 'family':
      return meshFailure(facts, rules);
    default:
      return facts.isOperational === true ? declared(facts) : (ofBodyParser(facts) ?? ofOthers(facts, rules));
  }
}

/** An error that was made for the client: all that it carries goes out. */
function declared(facts: ErrorFacts): Failure {
  const { status = 500, errors, data, headers } = facts;
  return {
    status,
    code: isCode(facts.code) ? facts.code : codeOfStatus(status),
    message: textOf(facts.message) ?? phraseOf(status),
    isExpected: true,
    errors,
    data,
    headers: headersOfError(headers),
  };
}

/** body-parser's message of malformed JSON quotes what it read, which may be a password. */
function ofBodyParser({ type, body, status, name }: ErrorFacts): Failure | undefined {
  if (type === 'entity.parse.failed') {
    const place = typeof body === 'string' ? placeOfError(body) : undefined;
    const where = place === undefined ? '' : `: line ${place.line}, column ${place.column}`;
    return { status: 400, code: 'BODY_MALFORMED', message: `The body cannot be read${where}`, isExpected: true, data: place };
  }
  // What Express's routers throw of `/%zz`, and quote.
  if (name === 'URIError' && status === 400) {
    return { status: 400, code: 'PATH_MALFORMED', message: 'The path is not well-formed', isExpected: true };
  }
  return undefined;
}

function ofOthers(facts: ErrorFacts, { statusSet }: FailureRules): Failure {
  const { status, expose, headers } = facts;
  if (facts.isOfUpstream) return unexpected(502);
  // The convention of http-errors: it is the client's fault, and the text is for it.
  if (expose === true && status !== undefined && status < 500) {
    const code = isCode(facts.code) ? facts.code : codeOfStatus(status);
    return {
      status,
      code,
      message: textOf(facts.message) ?? phraseOf(status),
      isExpected: true,
      headers: headersOfError(headers),
    };
  }
  const failed = unexpected(status ?? statusSet ?? 500);
  return status === undefined ? failed : { ...failed, headers: headersOfError(headers) };
}
