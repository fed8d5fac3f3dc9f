import { createHash, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type MeshError, meshError } from '../errors.ts';

/** One secret and what is derived from it. The bearer itself signs nothing, so that a leaked header forges no signature. */
export interface Key {
  /** Public: it travels as `keyid`. */
  readonly kid: string;
  /** The bearer. Not enumerable: neither `JSON.stringify` nor an inspecting logger shows it. */
  readonly secret: string;
  /** Signs what members tell each other. */
  readonly gossip: KeyObject;
  /** Signs calls. */
  readonly call: KeyObject;
  /** Seals caller tokens. */
  readonly token: KeyObject;
}

/** The keys of this moment. Never changed: a rotation makes another ring, so identity tells whether it is the same. */
export interface KeyRing {
  /** Every key that verifies, retired ones too while they are in their grace. */
  readonly keys: readonly Key[];
  /** The one that signs. */
  readonly primary: Key;
  /** All keys of that id. A swap of a single key gives two called `default` for a while, hence a list. */
  find(kid: string): readonly Key[];
  /** It was taken away and only verifies, for a while. */
  isRetired(key: Key): boolean;
  /** Whether it is the secret of any key. The time it takes tells only the length of the candidate. */
  acceptsBearer(candidate: string): boolean;
}

const DEFAULT_KID = 'default';
const MIN_SECRET_LENGTH = 16;
/** Far above any sensible secret and far below Node's 16 KiB for all headers of a request. */
const MAX_SECRET_LENGTH = 1024;
const MAX_KEYS = 16;
const KID = /^[A-Za-z0-9_-]{1,32}$/;
/** The bearer travels in a header: visible ASCII only. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
const MAKE_ONE = `Make one with: node -p "require('crypto').randomBytes(32).toString('base64url')"`;
const NO_KEYS: readonly Key[] = Object.freeze([]);
const NONE_RETIRED: ReadonlySet<Key> = new Set();

/**
 * Reads one key, or a list `kid:secret,kid2:secret2` of which the first signs and all verify.
 *
 * What the grammar means for unusual secrets: white space around the whole text is dropped (files end with a newline).
 * A comma always separates keys, so no secret holds one. The first colon of an entry ends the id, further ones belong
 * to the secret. A text without a comma whose beginning does not look like an id and a colon is one key called
 * `default`; a key that does look so (`abc:…`) is written `default:abc:…`.
 *
 * @param source named in errors; errors speak of keys by position, because what stands before a colon may be half a secret
 * @throws MESH_KEY_INVALID
 */
export function parseKeys(text: string, source = 'EXPRESS_DISCOVERY_KEY'): KeyRing {
  const entries = text.trim().split(',');
  if (entries.length === 1 && entries[0] === '') throw invalid(source, `is empty. ${MAKE_ONE}`);
  if (entries.length > MAX_KEYS) {
    throw invalid(
      source,
      `holds ${entries.length} keys; at most ${MAX_KEYS} are taken. Remove those that nobody signs with any more.`,
    );
  }
  const seen = new Map<string, number>();
  const keys = entries.map((entry, index) => {
    const at = entries.length === 1 ? 'the key' : `key ${index + 1} of ${entries.length}`;
    const { kid, secret } = splitEntry(entry, entries.length === 1, source, at);
    const earlier = seen.get(kid);
    if (earlier !== undefined)
      throw invalid(source, `gives keys ${earlier + 1} and ${index + 1} the same id. Give each its own.`);
    seen.set(kid, index);
    checkSecret(secret, source, at);
    return deriveKey(kid, secret);
  });
  return createKeyRing(keys);
}

function splitEntry(entry: string, single: boolean, source: string, at: string): { kid: string; secret: string } {
  const colon = entry.indexOf(':');
  const kid = colon < 0 ? '' : entry.slice(0, colon);
  if (KID.test(kid)) return { kid, secret: entry.slice(colon + 1) };
  if (single) return { kid: DEFAULT_KID, secret: entry };
  throw invalid(
    source,
    `is a list, and ${at} does not begin with an id and a colon. Write kid:secret,kid2:secret2 with ids of 1 to 32 of A-Z a-z 0-9 _ - ` +
      'and without spaces; a secret cannot hold a comma.',
  );
}

function checkSecret(secret: string, source: string, at: string): void {
  if (secret !== '' && !VISIBLE_ASCII.test(secret)) {
    throw invalid(
      source,
      `holds white space, control characters or non-ASCII text in ${at}; it could not travel in a header. ${MAKE_ONE}`,
    );
  }
  if (secret.length < MIN_SECRET_LENGTH) {
    throw invalid(
      source,
      `is too short: ${at} has ${secret.length} characters, at least ${MIN_SECRET_LENGTH} are needed. ${MAKE_ONE}`,
    );
  }
  if (secret.length > MAX_SECRET_LENGTH) {
    throw invalid(
      source,
      `is too long: ${at} has ${secret.length} characters, at most ${MAX_SECRET_LENGTH} are taken. ${MAKE_ONE}`,
    );
  }
}

function invalid(source: string, what: string): MeshError {
  return meshError('MESH_KEY_INVALID', `${source} ${what}`);
}

/** The id takes no part in the derivation: the same secret under another name stays the same key. */
function deriveKey(kid: string, secret: string): Key {
  const derive = (use: string): KeyObject =>
    createSecretKey(new Uint8Array(hkdfSync('sha256', secret, 'express-micro', `express-micro ${use} v1`, 32)));
  const key = { kid, gossip: derive('gossip'), call: derive('call'), token: derive('token') };
  return Object.freeze(Object.defineProperty(key, 'secret', { value: secret }) as Key);
}

/** `primary` need not be the first: during a rotation the ring verifies with a key before it signs with it. */
export function createKeyRing(
  keys: readonly Key[],
  primary: Key | undefined = keys[0],
  retired: ReadonlySet<Key> = NONE_RETIRED,
): KeyRing {
  if (primary === undefined) throw meshError('MESH_KEY_INVALID', 'A key ring needs at least one key.');
  const byKid = new Map<string, readonly Key[]>();
  for (const key of keys) byKid.set(key.kid, [...(byKid.get(key.kid) ?? []), key]);
  const digests = keys.map((key) => sha256(key.secret));
  return Object.freeze({
    keys: Object.freeze([...keys]),
    primary,
    find: (kid: string) => byKid.get(kid) ?? NO_KEYS,
    isRetired: (key: Key) => retired.has(key),
    acceptsBearer(candidate: string): boolean {
      // Equal-length digests make any length comparable; no early exit, so that the position of the key does not show.
      const digest = sha256(candidate);
      let accepted = false;
      for (const known of digests) if (timingSafeEqual(known, digest)) accepted = true;
      return accepted;
    },
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
