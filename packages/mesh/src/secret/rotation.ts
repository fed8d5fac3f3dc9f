import { createKeyRing, type Key, type KeyRing } from './key-ring.ts';

/**
 * How long a key that was taken away still verifies. Raising it survives slower roll-outs; lowering it shuts a leaked
 * key out sooner (a restart shuts it out at once).
 */
const ROTATION_GRACE_MS = 60_000;
/**
 * How long a key is verified with before it signs. Half of the grace: then processes that learn of the new key up to
 * 30 s apart never meet a signature they cannot verify, in either direction.
 */
const ROTATION_LEAD_MS: number = ROTATION_GRACE_MS / 2;
/** A file that flips every second must not grow the ring. */
const MAX_RETIRED = 16;

interface HeldKey {
  readonly key: Key;
  readonly knownSinceMs: number;
  /** Absent on keys that the operator names now. */
  readonly retiredAtMs?: number;
}

/** The operator's keys in his order, then the retired ones, latest first. */
export type Rotation = readonly HeldKey[];

/** What a process starts with has been chosen before it came: it signs at once. */
export function startRotation(ring: KeyRing): Rotation {
  return ring.keys.map((key) => ({ key, knownSinceMs: Number.NEGATIVE_INFINITY }));
}

/** Takes the keys of `next` as the current ones and retires the others. Returns the same object where nothing changes. */
export function rotateKeys(rotation: Rotation, next: KeyRing, nowMs: number): Rotation {
  const alive = rotation.filter((held) => !isGone(held, nowMs));
  const current = next.keys.map((key): HeldKey => {
    const known = alive.find((held) => isSameKey(held.key, key));
    return { key: known?.key ?? key, knownSinceMs: known?.knownSinceMs ?? nowMs };
  });
  const before = rotation.filter((held) => held.retiredAtMs === undefined);
  if (before.length === current.length && before.every((held, index) => held.key === current[index]?.key)) return rotation;
  const retired = alive
    .filter((held) => !current.some((kept) => kept.key === held.key))
    .map((held) => ({ ...held, retiredAtMs: held.retiredAtMs ?? nowMs }))
    .sort((a, b) => b.retiredAtMs - a.retiredAtMs);
  return [...current, ...retired.slice(0, MAX_RETIRED)];
}

/** The ring of this moment. It signs with the first key that every other process has had time to learn. */
export function ringAt(rotation: Rotation, nowMs: number): KeyRing {
  const alive = rotation.filter((held) => !isGone(held, nowMs));
  const known = alive.find((held) => held.knownSinceMs + ROTATION_LEAD_MS <= nowMs);
  // After several swaps in one lead none may be known long enough: then the one that has been known longest.
  const signer = known ?? alive.reduce((oldest, held) => (held.knownSinceMs < oldest.knownSinceMs ? held : oldest));
  return createKeyRing(
    alive.map((held) => held.key),
    signer.key,
    new Set(alive.flatMap((held) => (held.retiredAtMs === undefined ? [] : [held.key]))),
  );
}

/** What a rotation did, in ids: what may be shown. The same id twice is another secret under it. */
export interface KeyChange {
  /** The one that signs from now on, or in half a minute, when the others had time to learn it. */
  readonly signs: string;
  readonly added: readonly string[];
  /** They verify for a minute more. */
  readonly retired: readonly string[];
}

export function changeOf(before: Rotation, after: Rotation): KeyChange {
  const [first] = after;
  const wasCurrent = (key: Key) => before.some((held) => held.key === key && held.retiredAtMs === undefined);
  return {
    signs: first?.key.kid ?? '',
    added: after.flatMap(({ key, retiredAtMs }) => (retiredAtMs === undefined && !wasCurrent(key) ? key.kid : [])),
    retired: after.flatMap(({ key, retiredAtMs }) => (retiredAtMs !== undefined && wasCurrent(key) ? key.kid : [])),
  };
}

/** When {@link ringAt} will next differ, on the same clock. */
export function nextChangeMs(rotation: Rotation, nowMs: number): number | undefined {
  const moments = rotation.flatMap((held) => [
    held.knownSinceMs + ROTATION_LEAD_MS,
    held.retiredAtMs === undefined ? Number.NEGATIVE_INFINITY : held.retiredAtMs + ROTATION_GRACE_MS,
  ]);
  const coming = moments.filter((moment) => moment > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

function isGone(held: HeldKey, nowMs: number): boolean {
  return held.retiredAtMs !== undefined && held.retiredAtMs + ROTATION_GRACE_MS <= nowMs;
}

/** Both come from this process's own memory: nobody measures this comparison. */
function isSameKey(a: Key, b: Key): boolean {
  return a.kid === b.kid && a.secret === b.secret;
}
