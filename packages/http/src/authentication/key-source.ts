import type { SigningKey, VerifyingKey } from './key-kinds.ts';

/** Where keys come from: they were given, or another service publishes them. */
export interface KeySource {
  /** With what tokens are made here, where that is possible. */
  readonly signing: SigningKey | undefined;
  /**
   * Another number than before whenever a key may have gone: what was verified then counts no more. `undefined` while there are no
   * keys that may still be used.
   */
  generation(): number | undefined;
  /** Those with which a token of such a header may be signed; none where that is not known. Rejects where nothing at all is. */
  find(algorithm: string, kid: string | undefined): readonly VerifyingKey[] | Promise<readonly VerifyingKey[]>;
  /** As a JWK Set; secrets are not in it. */
  published(): readonly Readonly<Record<string, unknown>>[];
}

/** A `kid` chooses among the keys that are there, and is used for nothing else: it is no path, no query and no address. */
export function choose(keys: readonly VerifyingKey[], algorithm: string, kid: string | undefined): readonly VerifyingKey[] {
  return keys.filter((each) => each.algorithms.includes(algorithm) && (kid === undefined || each.kid === kid));
}
