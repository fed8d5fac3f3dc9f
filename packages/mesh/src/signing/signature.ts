// Hot path: every signed call, twice.
import type { KeyObject } from 'node:crypto';
import { meshError } from '../errors.ts';
import type { Key, KeyRing } from '../secret/key-ring.ts';
import { contentDigest, parseContentDigest } from './digest.ts';
import type { NonceStore } from './nonce-store.ts';
import { formatParams, parseParams, type SignatureTag } from './params.ts';
import { formatSender, parseSender, type Sender } from './sender.ts';
import {
  CONTENT_DIGEST,
  type HeaderFields,
  hasDuplicates,
  isSameText,
  LABEL,
  lastLine,
  line,
  mac,
  SENDER,
  SIGNATURE,
  SIGNATURE_INPUT,
  TARGET,
} from './signature-base.ts';

/** What a signature may be used for. Each has its own key and its own tag, so neither ever passes for the other. */
export type SigningPurpose = 'discovery' | 'call';

/** A message older or newer than this by our wall clock is refused. */
const SIGNATURE_WINDOW_SECONDS = 60;

/** The start line and host as both sides see them: raw, never normalised, because what is compared must be what is routed. */
export interface RequestLine {
  readonly method: string;
  /** As in the `Host` header. Case does not count. */
  readonly authority: string;
  /** The path of the request target as sent, percent-encoding and all. */
  readonly path: string;
  /** With its question mark; a bare `?` where there is no query (RFC 9421 §2.2.7). */
  readonly query: string;
}

export interface RequestToSign extends RequestLine {
  readonly key: Key;
  readonly purpose: SigningPurpose;
  /** An empty body counts as none: on the wire the two look the same. */
  readonly body?: Uint8Array | string | undefined;
  /** Our instance id. */
  readonly sender: string;
  readonly senderService: string;
  /** The instance that shall accept it, and no other. Only a first contact by address does not know it. */
  readonly target?: string | undefined;
  readonly createdSeconds: number;
  readonly nonce: string;
}

export interface RequestToVerify extends RequestLine {
  readonly ring: KeyRing;
  readonly purpose: SigningPurpose;
  readonly headers: HeaderFields;
  /** Node's list with duplicates; without it those that Node dropped go unnoticed. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** Whether the message announces content: `Transfer-Encoding`, or a `Content-Length` above 0. */
  readonly hasBody: boolean;
  /** Our instance id. */
  readonly self: string;
  readonly nowSeconds: number;
  readonly nonces: NonceStore;
}

/** For our log and our decisions; the wire gets the same bytes for all. */
export type RefusalReason =
  | 'not signed'
  | 'duplicate field'
  | 'malformed field'
  | 'malformed signature input'
  | 'line break'
  | 'body without digest'
  | 'digest without body'
  | 'malformed digest'
  | 'wrong body'
  | 'no target'
  | 'other target'
  | 'outside the time window'
  | 'unknown key'
  | 'wrong signature'
  | 'malformed sender'
  | 'own message'
  | 'other sender'
  | 'replayed'
  | 'too many nonces';

export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** Of a message of our own, which was signed rightly: with it the asker, who is ourselves, is told so. */
  readonly key?: Key;
}

export interface Verified {
  readonly ok: true;
  readonly sender: Sender;
  readonly kid: string;
  /** The very key that matched. An answer is signed with it: its asker is sure to know it, in the midst of a rotation too. */
  readonly key: Key;
  /** The SHA-256 that the body must have. The signature is worth nothing for the body until somebody has compared. */
  readonly contentDigest?: Buffer;
}

const TAGS: Readonly<Record<SigningPurpose, SignatureTag>> = { discovery: 'express-micro-discovery', call: 'express-micro-call' };
const MEMBER = `${LABEL}=`;
const PARTS = '"@method" "@authority" "@path" "@query"';
const WITH_DIGEST = ` "${CONTENT_DIGEST}"`;
const WITH_TARGET = ` "${TARGET}"`;

/** One of four constant texts; nothing else is ever covered. */
function coveredBy(hasDigest: boolean, hasTarget: boolean): string {
  return `(${PARTS}${hasDigest ? WITH_DIGEST : ''} "${SENDER}"${hasTarget ? WITH_TARGET : ''})`;
}
const COVERED = [coveredBy(false, false), coveredBy(false, true), coveredBy(true, false), coveredBy(true, true)] as const;
function covered(hasDigest: boolean, hasTarget: boolean): string {
  return COVERED[hasDigest ? (hasTarget ? 3 : 2) : hasTarget ? 1 : 0];
}

function keyFor(key: Key, purpose: SigningPurpose): KeyObject {
  return purpose === 'call' ? key.call : key.gossip;
}

function requestBase(
  message: RequestLine,
  digest: string | undefined,
  sender: string,
  target: string | undefined,
  params: string,
): string {
  return (
    line('"@method"', message.method) +
    line('"@authority"', message.authority.toLowerCase()) +
    line('"@path"', message.path) +
    line('"@query"', message.query) +
    (digest === undefined ? '' : line(`"${CONTENT_DIGEST}"`, digest)) +
    line(`"${SENDER}"`, sender) +
    (target === undefined ? '' : line(`"${TARGET}"`, target)) +
    lastLine(params)
  );
}

/** With a line break inside, two different messages could have one signature base. */
function hasLineBreak({ method, authority, path, query }: RequestLine): boolean {
  return path.includes('\n') || query.includes('\n') || authority.includes('\n') || method.includes('\n');
}

/**
 * Signs a request (RFC 9421, `hmac-sha256`) and returns the fields to send with it.
 *
 * @throws MESH_ARGUMENT_INVALID when a line break stands in what is signed
 */
export function signRequest(request: RequestToSign): Record<string, string> {
  const { key, purpose, body, target, nonce } = request;
  if (hasLineBreak(request)) {
    throw meshError(
      'MESH_ARGUMENT_INVALID',
      'A request with a line break in its method, host, path or query cannot be signed. Encode it.',
    );
  }
  const digest = body === undefined || body.length === 0 ? undefined : contentDigest(body);
  const sender = formatSender(request.senderService, request.sender);
  const list = covered(digest !== undefined, target !== undefined);
  const params = formatParams(list, TAGS[purpose], { created: request.createdSeconds, nonce, kid: key.kid });
  const fields: Record<string, string> = {
    [SIGNATURE_INPUT]: MEMBER + params,
    [SIGNATURE]: MEMBER + mac(keyFor(key, purpose), requestBase(request, digest, sender, target, params)),
    [SENDER]: sender,
  };
  if (target !== undefined) fields[TARGET] = target;
  if (digest !== undefined) fields[CONTENT_DIGEST] = digest;
  return fields;
}

/**
 * Whether a request is one that {@link signRequest} signed with a key of the ring, for us, now, and for the first time.
 *
 * A message without the sender's field is `not signed`, whatever other signature it carries: RFC 9421 has other users,
 * and their signatures are the app's business. The nonce is looked at last, so that only who holds a key can fill the
 * store.
 */
export function verifyRequest(request: RequestToVerify): Verified | Refusal {
  const { headers, purpose, self, nowSeconds } = request;
  const sender = headers[SENDER];
  if (sender === undefined) return refuse('not signed');
  if (request.rawHeaders !== undefined && hasDuplicates(request.rawHeaders)) return refuse('duplicate field');
  const input = headers[SIGNATURE_INPUT];
  const signature = headers[SIGNATURE];
  const digest = headers[CONTENT_DIGEST];
  const target = headers[TARGET];
  if (typeof sender !== 'string' || typeof input !== 'string' || typeof signature !== 'string') return refuse('malformed field');
  if (!isOptionalText(digest) || !isOptionalText(target)) return refuse('malformed field');
  if (hasLineBreak(request)) return refuse('line break');

  // Both ways: a body that was added, and one that was taken away.
  if (digest === undefined && request.hasBody) return refuse('body without digest');
  if (digest !== undefined && !request.hasBody) return refuse('digest without body');
  const hash = digest === undefined ? undefined : parseContentDigest(digest);
  if (digest !== undefined && hash === undefined) return refuse('malformed digest');
  if (target === undefined && purpose === 'call') return refuse('no target');
  if (target !== undefined && target !== self) return refuse('other target');
  const from = parseSender(sender);
  if (from === undefined) return refuse('malformed sender');

  if (!input.startsWith(MEMBER)) return refuse('malformed signature input');
  const params = input.slice(MEMBER.length);
  const parsed = parseParams(params, covered(digest !== undefined, target !== undefined), TAGS[purpose], true);
  if (parsed === undefined) return refuse('malformed signature input');
  // Asked this way round, a time that is no number is outside too.
  const isTimely = Math.abs(nowSeconds - parsed.created) <= SIGNATURE_WINDOW_SECONDS;
  if (!isTimely) return refuse('outside the time window');

  const candidates = request.ring.find(parsed.kid);
  if (candidates.length === 0) return refuse('unknown key');
  const base = requestBase(request, digest, sender, target, params);
  const key = candidates.find((candidate) => isSameText(signature, MEMBER + mac(keyFor(candidate, purpose), base)));
  if (key === undefined) return refuse('wrong signature');
  // Discovery messages of ours that come back were reflected, or a seed peer is ourselves. A service may call itself.
  if (purpose === 'discovery' && from.instance === self) return { ok: false, reason: 'own message', key };

  const claim = request.nonces.claim(parsed.nonce, parsed.created, nowSeconds);
  if (claim !== 'fresh') return refuse(claim === 'full' ? 'too many nonces' : 'replayed');
  return hash === undefined
    ? { ok: true, sender: from, kid: key.kid, key }
    : { ok: true, sender: from, kid: key.kid, key, contentDigest: hash };
}

function isOptionalText(value: string | readonly string[] | undefined): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

export function refuse(reason: RefusalReason): Refusal {
  return { ok: false, reason };
}
