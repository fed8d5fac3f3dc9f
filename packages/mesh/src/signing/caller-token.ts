// Hot path: every call where requests are not signed.
import { createHmac } from 'node:crypto';
import type { Key, KeyRing } from '../secret/key-ring.ts';
import { formatSender, parseSender, type Sender } from './sender.ts';
import { isSameText } from './signature-base.ts';

/** Callers make a new one at half of it, so that a clock 30 s ahead of theirs still takes it. */
export const CALLER_TOKEN_SECONDS = 60;
/** How far a token's end may lie ahead: its life, and a clock that is behind by as much. */
const MAX_AHEAD_SECONDS = 2 * CALLER_TOKEN_SECONDS;
const MAX_TOKEN_LENGTH = 512;
const VERSION = 'v1';
/** 132 bits of the HMAC: more than the 128 that nobody guesses (RFC 2104, section 5), and half of the bytes. */
const SEAL_LENGTH = 22;

export interface CallerToken {
  readonly key: Key;
  /** The caller. */
  readonly service: string;
  readonly instance: string;
  /** The instance that shall accept it, and no other: the one called cannot use it to call a third. */
  readonly target: string;
  /** Since the Unix epoch. */
  readonly expiresSeconds: number;
}

/**
 * Says who calls, for meshes that do not sign their requests: `v1.<kid>.<end, base 36>.<seal>.<service>/<instance>`.
 *
 * The target is sealed and not sent, because it knows itself: the token goes with every call, so it is short.
 * It proves the caller to that one instance, not the request: who can read the connection can use it until it
 * ends. Where that matters, requests are signed.
 */
export function mintCallerToken({ key, service, instance, target, expiresSeconds }: CallerToken): string {
  const expires = expiresSeconds.toString(36);
  const sender = formatSender(service, instance);
  return `${VERSION}.${key.kid}.${expires}.${seal(key, expires, sender, target)}.${sender}`;
}

export interface CallerTokenContext {
  /** Our instance id. */
  readonly self: string;
  readonly nowSeconds: number;
}

export function verifyCallerToken(ring: KeyRing, token: string, context: CallerTokenContext): Sender | undefined {
  const opened = openToken(ring, token, context.self);
  return opened !== undefined && isTimely(opened, context.nowSeconds) ? opened.caller : undefined;
}

interface OpenedToken {
  readonly caller: Sender;
  readonly expiresSeconds: number;
}

function openToken(ring: KeyRing, token: string, self: string): OpenedToken | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const [, kid, expires, sealed, sender] = FORM.exec(token) ?? [];
  if (kid === undefined || expires === undefined || sealed === undefined || sender === undefined) return undefined;
  const caller = parseSender(sender);
  const expiresSeconds = Number.parseInt(expires, 36);
  if (caller === undefined || expiresSeconds.toString(36) !== expires) return undefined;
  if (!ring.find(kid).some((key) => isSameText(sealed, seal(key, expires, sender, self)))) return undefined;
  return { caller: Object.freeze(caller), expiresSeconds };
}

/** A service name may hold dots, so the sender stands last. Nine digits are time enough, and a number still exact. */
const FORM = new RegExp(`^${VERSION}\\.([\\w-]{1,32})\\.([0-9a-z]{1,9})\\.([\\w-]{${SEAL_LENGTH}})\\.(.+)$`);

function isTimely(token: OpenedToken, nowSeconds: number): boolean {
  return nowSeconds < token.expiresSeconds && token.expiresSeconds <= nowSeconds + MAX_AHEAD_SECONDS;
}

/** No part can be read as another: none but the sender holds a dot, and a target has a fixed length. */
function seal(key: Key, expires: string, sender: string, target: string): string {
  const signed = `${VERSION}.${key.kid}.${expires}.${sender}.${target}`;
  return createHmac('sha256', key.token).update(signed).digest('base64url').slice(0, SEAL_LENGTH);
}

export type CallerTokenVerifier = (token: string, nowSeconds: number) => Sender | undefined;

export interface CallerTokenVerifierOptions {
  /** Asked at every call: a new ring empties what was remembered, so that a removed key ends at once. */
  ring(): KeyRing;
  readonly self: string;
  /** Tokens remembered: about one for each calling instance, two while it changes them. @default 4096 */
  readonly max?: number;
}

/** {@link verifyCallerToken} that remembers what it accepted. Refusals are not remembered: strangers could fill the memory. */
export function createCallerTokenVerifier({ ring, self, max = 4096 }: CallerTokenVerifierOptions): CallerTokenVerifier {
  const known = new Map<string, OpenedToken>();
  let knownRing: KeyRing | undefined;
  return (token, nowSeconds) => {
    const current = ring();
    if (current !== knownRing) {
      known.clear();
      knownRing = current;
    }
    const remembered = known.get(token);
    if (remembered !== undefined) {
      if (isTimely(remembered, nowSeconds)) return remembered.caller;
      known.delete(token);
      return undefined;
    }
    const opened = openToken(current, token, self);
    if (opened === undefined || !isTimely(opened, nowSeconds)) return undefined;
    if (known.size >= max) makeRoom(known, max, nowSeconds);
    known.set(token, opened);
    return opened.caller;
  };
}

function makeRoom(known: Map<string, OpenedToken>, max: number, nowSeconds: number): void {
  for (const [token, opened] of known) if (!isTimely(opened, nowSeconds)) known.delete(token);
  for (const token of known.keys()) {
    if (known.size < max) return;
    known.delete(token);
  }
}
