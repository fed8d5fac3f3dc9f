import type { Caller } from '@express-micro/core';

/** On a refusal of a call by the mesh itself, before anything of the app ran: the caller may ask another instance. */
export const NOT_EXECUTED = 'express-micro-not-executed';
/** Milliseconds that are left for the call when it is sent: a duration, because two machines have two clocks. */
export const DEADLINE = 'express-micro-deadline';
/** On a request that came over a link, or within this process: what is known of it without its headers. */
export const LINKED: unique symbol = Symbol('express-micro linked');
/** On a request of a test: when it came, on the monotonic clock. */
export const CAME_AT_MS: unique symbol = Symbol('express-micro came at');

/** What is known of a request that did not come by HTTP. */
export interface Linked {
  /** Who calls, as it was proven when the link was made. */
  readonly caller: Caller;
  /** When it came, on the monotonic clock, where that is known better than by the turn of the event loop. */
  readonly cameAtMs: number | undefined;
  /** What the mesh's own headers say, where it is known without them. */
  readonly own: OwnHeaders | undefined;
  /** It has those headers and no others: nobody has to look for more. */
  readonly isBare: boolean;
  /** Told when the response is closed. A listener on each response would cost more than the answer. */
  serving: { end(atMs?: number): void } | undefined;
}

/** What each call says of itself: over HTTP as `x-request-id` and {@link DEADLINE}. */
export interface OwnHeaders {
  /** Well-formed. */
  readonly requestId: string;
  /** Milliseconds that are left for the call. */
  readonly remainingMs: number;
}

/** The same as headers, names and values in turn, where they stand over HTTP: the id first, the deadline last. */
export function sayOwn(headers: string[], { requestId, remainingMs }: OwnHeaders): void {
  headers.unshift('x-request-id', requestId);
  headers.push(DEADLINE, String(remainingMs));
}
