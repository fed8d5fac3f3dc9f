import { createHash, createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey, KeyObject } from 'node:crypto';

/** One key, with all that it may verify. An algorithm is never taken from a token: it has to be one of these. */
export interface VerifyingKey {
  readonly kid: string;
  readonly algorithms: readonly string[];
  readonly key: KeyObject;
}

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly key: KeyObject;
}

/** What a key of several is given as: PEM, a JWK or Node's own. */
export type KeyInput = string | KeyObject | Readonly<Record<string, unknown>>;

/** A key with what its owner said of it. */
export interface ReadKey {
  readonly key: KeyObject;
  readonly kid: string | undefined;
  readonly algorithm: string | undefined;
}

/** Bytes that a secret must have: as many as the hash gives (RFC 7518, 3.2). */
export const SECRET_BYTES: Readonly<Record<string, number>> = Object.freeze({ HS256: 32, HS384: 48, HS512: 64 });

const RSA = Object.freeze(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
const EDWARDS = Object.freeze(['EdDSA', 'Ed25519']);
const CURVES: Readonly<Record<string, readonly string[]>> = Object.freeze({
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
});
export const ALGORITHMS: readonly string[] = Object.freeze([
  ...Object.keys(SECRET_BYTES),
  ...RSA,
  ...Object.values(CURVES).flat(),
  ...EDWARDS,
]);

export const MIN_RSA_BITS = 2_048;

/** What a key is good for, the one to sign with first; none where it is of a kind that nothing here uses. */
export function algorithmsOf(key: KeyObject): readonly string[] {
  if (key.type === 'secret') return Object.keys(SECRET_BYTES);
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return RSA;
    case 'ec':
      return CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
    case 'ed25519':
      return EDWARDS;
    default:
      return [];
  }
}

/** @throws what is wrong with it, as `node:crypto` says it */
export function readKey(input: KeyInput): ReadKey {
  if (input instanceof KeyObject) return { key: input, kid: undefined, algorithm: undefined };
  if (typeof input === 'string') return { key: readPem(input), kid: undefined, algorithm: undefined };
  const { kid, alg, use, key_ops: operations } = input;
  if (use !== undefined && use !== 'sig') throw new Error(`its "use" is ${JSON.stringify(use)}`);
  if (Array.isArray(operations) && !operations.some((each) => each === 'verify' || each === 'sign'))
    throw new Error('its "key_ops" have neither "verify" nor "sign"');
  return {
    key: readJwk(input),
    kid: typeof kid === 'string' && kid !== '' ? kid : undefined,
    algorithm: typeof alg === 'string' ? alg : undefined,
  };
}

/** In the environment lines often end in a written `\n`. */
function readPem(text: string): KeyObject {
  const pem = text.includes('\n') ? text : text.replaceAll('\\n', '\n');
  return pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : createPublicKey(pem);
}

function readJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
  if (jwk.kty === 'oct') {
    if (typeof jwk.k !== 'string') throw new Error('its "k" is missing');
    return createSecretKey(Buffer.from(jwk.k, 'base64url'));
  }
  const input = { key: jwk as JsonWebKey, format: 'jwk' } as const;
  return jwk.d === undefined ? createPublicKey(input) : createPrivateKey(input);
}

export function publicPartOf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key;
}

/** Names a key by what it is, the same in every process that has it. It tells of a secret no more than a token does. */
export function fingerprintOf(key: KeyObject): string {
  const bytes = key.type === 'secret' ? key.export() : publicPartOf(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update('express-micro kid\0').update(bytes).digest('base64url').slice(0, 16);
}

export function isWeakRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS;
}
