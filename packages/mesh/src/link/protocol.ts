import { TransportFailure } from '../transport/transport.ts';

/** Where a link is asked for, and the protocol that `Upgrade` names. The version stands in a field of its own. */
export const LINK_PATH = '/_discovery/link';
export const LINK_PROTOCOL = 'express-micro-link';
export const LINK_VERSION = '2';
/** Query of a request for a sealed link; it is under the signature, so nobody can take it off. */
export const SEALED = '?sealed';

/**
 * Every frame: u32 length of what follows, u8 kind, u8 flags, u16 length of the head, u32 stream, u16 code; then the head
 * in Latin-1, then the body. Little-endian. docs/link.md has the table.
 */
export const FRAME_HEADER_BYTES = 14;

export const REQUEST = 1;
export const ANSWER = 2;
export const HEAD = 3;
export const DATA = 4;
export const END = 5;
export const CANCEL = 6;
export const RESET = 7;
export const WINDOW = 8;
export const PING = 9;
export const PONG = 10;
export const GO_AWAY = 11;

/** On a request: it has a body, be it empty. */
export const HAS_BODY = 1;
/** On a request: its caller looks at the head of a good answer. Without it a JSON answer of 2xx comes without one. */
export const WANTS_HEAD = 2;
/** On a request: its head has the id of the call behind the first line, and its code is what is left of its time, in ms. */
export const HAS_OWN = 4;
/** Calls that have more time name it by a header, as over HTTP. */
export const MAX_CODE = 65_535;
/** On an answer: its type is JSON as Express sends it, so that most callers need not read the head. */
export const IS_JSON = 1;

/** Why a stream was reset. */
export const RESET_LOST = 1;
/** Nothing of it ran: send it over HTTP. */
export const RESET_NOT_EXECUTED = 2;
/** It ran, and did what only a connection of its own allows: from now on send this route over HTTP. */
export const RESET_NOT_FOR_LINK = 3;

/** Larger bodies gain nothing on a link. */
export const MAX_REQUEST_BODY_BYTES = 49_152;
/** What Node's own parser allows for the head of a request. */
export const MAX_REQUEST_HEAD_BYTES = 16_384;
export const MAX_HEAD_BYTES = 65_535;
/** Answers up to here are one frame; larger ones, and those written in turns, are streamed in pieces of this size. */
export const MAX_WHOLE_BYTES = 49_152;
export const MAX_FRAME_BYTES: number = FRAME_HEADER_BYTES + MAX_HEAD_BYTES + MAX_WHOLE_BYTES;
/** Headers of one request. Node's own limit is 2,000; a call has a handful. */
export const MAX_REQUEST_HEADERS = 200;
/** Calls under way on one link; the next ones go over HTTP. */
export const MAX_STREAMS = 4_096;
/** Bytes of one answer that may be on their way before the caller has taken some in. */
export const WINDOW_BYTES = 262_144;
/** Bytes that wait for a slow peer; from there on its link takes in nothing new. */
export const MAX_UNSENT_BYTES = 4_194_304;
/** A link on which nothing was heard for this long is asked whether it lives, and ended when it does not answer for as long again. */
export const SILENCE_MS = 10_000;

/** What a peer must not send. The link ends; the app does not notice. */
export class LinkViolation extends Error {}

export function violation(what: string): never {
  throw new LinkViolation(`the other side of the link sent ${what}`);
}

/** A link ended under a call. */
export function lost(why: string): TransportFailure {
  return new TransportFailure('lost', new Error(why));
}

const EXPECT_BODY = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

/** Over HTTP undici announces an empty body for these. */
export function expectsBody(method: string): boolean {
  return EXPECT_BODY.has(method);
}
