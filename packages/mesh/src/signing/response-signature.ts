import type { Key, KeyRing } from '../secret/key-ring.ts';
import { contentDigest, parseContentDigest } from './digest.ts';
import { formatParams, parseParams, type SignatureTag } from './params.ts';
import { formatSender, parseSender, type Sender } from './sender.ts';
import { type Refusal, refuse } from './signature.ts';
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
} from './signature-base.ts';

const TAG: SignatureTag = 'express-micro-discovery-response';
const MEMBER = `${LABEL}=`;
/** The request's own signature stands for all it covered: method, address, path, body, both instances and the nonce. */
const REQUEST_PARTS = `"${SIGNATURE_INPUT}";req "${SIGNATURE}";req`;
const COVERED = `("@status" "${SENDER}" ${REQUEST_PARTS})`;
const COVERED_WITH_DIGEST = `("@status" "${CONTENT_DIGEST}" "${SENDER}" ${REQUEST_PARTS})`;

export interface ResponseToSign {
  /** The key that the request was signed with, see {@link Verified.key}. */
  readonly key: Key;
  readonly status: number;
  readonly body?: Uint8Array | string | undefined;
  /** Our instance id. */
  readonly sender: string;
  readonly senderService: string;
  /** The fields of the request that is answered, after it was verified. */
  readonly request: HeaderFields;
  readonly createdSeconds: number;
}

export interface ResponseToVerify {
  readonly ring: KeyRing;
  readonly status: number;
  readonly headers: HeaderFields;
  readonly rawHeaders?: readonly string[] | undefined;
  /** Whole, as it came: unlike a request's it is here already, so it is compared here. */
  readonly body: Uint8Array;
  /** What {@link signRequest} returned for the request. */
  readonly request: HeaderFields;
  /** Our instance id. An answer signed by ourselves is a request that was reflected to us. */
  readonly self: string;
  /** The instance that was asked, where it was known. */
  readonly expectedSender?: string | undefined;
}

export interface VerifiedResponse {
  readonly ok: true;
  readonly sender: Sender;
  readonly kid: string;
}

/**
 * Proves that who answers holds the key and answers this very request (RFC 9421 §2.4): nobody can prepare, replay or
 * borrow it. It needs no nonce and no time window of its own, because the request brings both.
 */
export function signResponse(response: ResponseToSign): Record<string, string> {
  const { key, status, body, request } = response;
  const digest = body === undefined || body.length === 0 ? undefined : contentDigest(body);
  const sender = formatSender(response.senderService, response.sender);
  const list = digest === undefined ? COVERED : COVERED_WITH_DIGEST;
  const params = formatParams(list, TAG, { created: response.createdSeconds, nonce: '', kid: key.kid });
  const fields: Record<string, string> = {
    [SIGNATURE_INPUT]: MEMBER + params,
    [SIGNATURE]: MEMBER + mac(key.gossip, responseBase(status, digest, sender, request, params)),
    [SENDER]: sender,
  };
  if (digest !== undefined) fields[CONTENT_DIGEST] = digest;
  return fields;
}

/**
 * Whether a response was made by a holder of the key for this very request.
 *
 * It proves who answered, not where: somebody in between may have passed the request on to a member and brought its
 * answer back. So the address that was asked is not proven by it; only the address that the member itself names in
 * the body is worth asking next, with that member as target.
 */
export function verifyResponse(response: ResponseToVerify): VerifiedResponse | Refusal {
  const { headers, body } = response;
  const sender = headers[SENDER];
  if (sender === undefined) return refuse('not signed');
  if (response.rawHeaders !== undefined && hasDuplicates(response.rawHeaders)) return refuse('duplicate field');
  const input = headers[SIGNATURE_INPUT];
  const signature = headers[SIGNATURE];
  const digest = headers[CONTENT_DIGEST];
  if (typeof sender !== 'string' || typeof input !== 'string' || typeof signature !== 'string') return refuse('malformed field');
  if (digest !== undefined && typeof digest !== 'string') return refuse('malformed field');
  if (digest === undefined && body.length > 0) return refuse('body without digest');
  if (digest !== undefined && body.length === 0) return refuse('digest without body');
  if (digest !== undefined && parseContentDigest(digest) === undefined) return refuse('malformed digest');
  const from = parseSender(sender);
  if (from === undefined) return refuse('malformed sender');

  if (!input.startsWith(MEMBER)) return refuse('malformed signature input');
  const params = input.slice(MEMBER.length);
  const parsed = parseParams(params, digest === undefined ? COVERED : COVERED_WITH_DIGEST, TAG, false);
  if (parsed === undefined) return refuse('malformed signature input');
  const candidates = response.ring.find(parsed.kid);
  if (candidates.length === 0) return refuse('unknown key');
  const base = responseBase(response.status, digest, sender, response.request, params);
  const key = candidates.find((candidate) => isSameText(signature, MEMBER + mac(candidate.gossip, base)));
  if (key === undefined) return refuse('wrong signature');
  if (digest !== undefined && contentDigest(body) !== digest) return refuse('wrong body');
  if (from.instance === response.self) return refuse('own message');
  if (response.expectedSender !== undefined && from.instance !== response.expectedSender) return refuse('other sender');
  return { ok: true, sender: from, kid: key.kid };
}

function responseBase(status: number, digest: string | undefined, sender: string, request: HeaderFields, params: string): string {
  return (
    line('"@status"', status) +
    (digest === undefined ? '' : line(`"${CONTENT_DIGEST}"`, digest)) +
    line(`"${SENDER}"`, sender) +
    line(`"${SIGNATURE_INPUT}";req`, String(request[SIGNATURE_INPUT])) +
    line(`"${SIGNATURE}";req`, String(request[SIGNATURE])) +
    lastLine(params)
  );
}
