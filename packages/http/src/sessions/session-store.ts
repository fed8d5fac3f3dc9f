/** One login, on one device: all refresh tokens that came of it, of which one counts. Nothing in it is a token, or makes one. */
export interface StoredSession {
  readonly id: string;
  readonly userId: string;
  /** Of the token that counts. */
  readonly tokenHash: string;
  /** Of the one that was exchanged for it. */
  readonly previousHash: string | undefined;
  /** With the token that was exchanged, this makes the one that counts once more. */
  readonly nonce: string;
  readonly rotatedAtMs: number;
  readonly expiresAtMs: number;
  /** However often it is renewed. */
  readonly endsAtMs: number;
}

/** A token is shown, and another one is to take its place. */
export interface Rotation {
  readonly id: string;
  readonly shownHash: string;
  readonly nextHash: string;
  readonly nonce: string;
  readonly nowMs: number;
  readonly expiresAtMs: number;
  /** How long the token before the one that counts is no theft. */
  readonly graceMs: number;
}

export type RotationOutcome =
  /** The next one counts. */
  | { readonly outcome: 'rotated' }
  /** Somebody has exchanged it a moment ago, and `nonce` makes what he was given. */
  | { readonly outcome: 'repeated'; readonly nonce: string }
  /** It counted once. Two have it, and one of them has stolen it: the session is over. */
  | { readonly outcome: 'reused' }
  /** No such session, or none any more. */
  | { readonly outcome: 'unknown' };

/**
 * Where sessions are. Time comes with each call, so that all stores agree on it. One suite holds for every store: `rotate` is one step,
 * of which no other call sees half; what has expired is not there.
 */
export interface SessionStore {
  /** Adds it. Of one user's sessions the oldest end, until there are at most `maxPerUser`. */
  create(session: StoredSession, limits: { readonly maxPerUser: number; readonly nowMs: number }): Promise<void>;
  rotate(rotation: Rotation): Promise<RotationOutcome>;
  find(id: string, nowMs: number): Promise<StoredSession | undefined>;
  end(id: string): Promise<void>;
  /** Answers how many there were. */
  endAllOf(userId: string): Promise<number>;
}

/** What a rotation does to a session: for stores that read, decide and write if nobody has written since. */
export function decideRotation(
  session: StoredSession | undefined,
  { shownHash, nextHash, nonce, nowMs, expiresAtMs, graceMs }: Rotation,
): { readonly result: RotationOutcome; readonly next: StoredSession | undefined } {
  if (session === undefined || !isAlive(session, nowMs)) return { result: { outcome: 'unknown' }, next: undefined };
  if (shownHash === session.tokenHash) {
    const next = {
      ...session,
      tokenHash: nextHash,
      previousHash: shownHash,
      nonce,
      rotatedAtMs: nowMs,
      expiresAtMs: Math.min(expiresAtMs, session.endsAtMs),
    };
    return { result: { outcome: 'rotated' }, next };
  }
  const agoMs = nowMs - session.rotatedAtMs;
  // A clock that was set back makes no grace.
  const isRepeated = shownHash === session.previousHash && agoMs >= 0 && agoMs < graceMs;
  if (isRepeated) return { result: { outcome: 'repeated', nonce: session.nonce }, next: session };
  return { result: { outcome: 'reused' }, next: undefined };
}

export function isAlive({ expiresAtMs }: StoredSession, nowMs: number): boolean {
  return nowMs < expiresAtMs;
}
