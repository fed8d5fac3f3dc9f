import { isInstanceId } from '../identity.ts';
import { parseMember, parseMembers } from './member-codec.ts';
import type { MessageKind, PeerMessage, PeerReply } from './messages.ts';

/**
 * What is sent, and where. Nearly all pings of a quiet fleet say their hash and nothing else: that goes into the query, because
 * a body would have to be named, measured and digested in the head.
 */
export function encodeQuestion(kind: MessageKind, message: PeerMessage): { path: string; body: PeerMessage | undefined } {
  const { digest, ...rest } = message;
  const isBare = kind === 'ping' && digest !== undefined && Object.keys(rest).length === 0;
  return isBare ? { path: `/_discovery/ping?digest=${digest}`, body: undefined } : { path: `/_discovery/${kind}`, body: message };
}

/** Longest time that a helper is taken at his word for. */
const MAX_WITHIN_MS = 60_000;

/**
 * Reads a message of another member, or says what is wrong with it. A signed message speaks for its signer alone.
 * @param sender id of the signer; `undefined` where the message was not signed
 */
export function parseMessage(value: unknown, sender: string | undefined, max: number): PeerMessage | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the body must be a JSON object';
  const { from, members, digest, probe, withinMs, known, range } = value as Record<string, unknown>;
  const member = from === undefined ? undefined : parseMember(from);
  if (from !== undefined && member === undefined)
    return '"from" must be a member: id, service, url, incarnation, status, routesHash';
  if (member !== undefined && sender !== undefined && member.id !== sender)
    return '"from" must be the one who signed the message';
  if (members !== undefined && !Array.isArray(members)) return '"members" must be a list';
  if (known !== undefined && !Array.isArray(known)) return '"known" must be a list';
  if (probe !== undefined && !isInstanceId(probe)) return '"probe" must be the id of an instance';
  const isPart = Array.isArray(range) && range.length === 2 && range.every(isInstanceId);
  return {
    ...(member === undefined ? {} : { from: member }),
    ...(members === undefined ? {} : { members: parseMembers(members, max) }),
    ...(isDigest(digest) ? { digest } : {}),
    ...(probe === undefined ? {} : { probe }),
    ...(typeof withinMs === 'number' && withinMs > 0 ? { withinMs: Math.min(withinMs, MAX_WITHIN_MS) } : {}),
    ...(known === undefined ? {} : { known: known.slice(0, max).filter((line) => typeof line === 'string') }),
    ...(isPart ? { range: range as [string, string] } : {}),
  };
}

const PROBED: ReadonlySet<unknown> = new Set(['answered', 'refused', 'silent', 'unknown']);

/** Reads the body of an answer whose signature was right: what makes no sense in it is left out. */
export function parseReply(body: Readonly<Record<string, unknown>>, sender: string, max: number): PeerReply {
  const { from, members, digest, probed, wants, hasMore } = body;
  const member = parseMember(from);
  return {
    status: 'OK',
    // An answer speaks for the one who signed it, and for nobody else.
    ...(member?.id === sender ? { from: member } : {}),
    members: parseMembers(members, max),
    ...(isDigest(digest) ? { digest } : {}),
    ...(PROBED.has(probed) ? { probed: probed as NonNullable<PeerReply['probed']> } : {}),
    ...(Array.isArray(wants) ? { wants: wants.slice(0, max).filter(isInstanceId) } : {}),
    ...(hasMore === true ? { hasMore } : {}),
  };
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}
