import { createSecretKey, KeyObject } from 'node:crypto';
import type { Log } from '@express-micro/core';
import { isProduction } from '../environment.ts';
import { httpError, optionInvalid } from '../errors.ts';
import {
  algorithmsOf,
  fingerprintOf,
  isWeakRsa,
  type KeyInput,
  MIN_RSA_BITS,
  publicPartOf,
  type ReadKey,
  readKey,
  SECRET_BYTES,
  type SigningKey,
  type VerifyingKey,
} from './key-kinds.ts';
import { choose, type KeySource } from './key-source.ts';
import { weaknessOf } from './secret-strength.ts';

export type SecretInput = string | Uint8Array | KeyObject;

const MAKE_ONE = `Make one with: node -p "require('crypto').randomBytes(64).toString('base64url')"`;

/** Shared secrets: the first signs, all verify. `algorithms` is what a token may be signed with. */
export function secretKeys(secrets: readonly SecretInput[], algorithms: readonly string[] | undefined, log: Log): KeySource {
  const allowed = algorithms ?? ['HS256'];
  const keys = secrets.map((secret, index) => {
    if (typeof secret === 'string' && secret.includes('-----BEGIN'))
      throw optionInvalid(
        'Option "secret" of createTokens() got a key in PEM. Give it as "key": as a secret, what is public in it would sign.',
      );
    const key = secret instanceof KeyObject ? secret : createSecretKey(Buffer.from(secret as string));
    if (key.type !== 'secret') throw optionInvalid(`Option "secret" of createTokens() got a ${key.type} key. Give it as "key".`);
    return { key, kid: undefined, algorithm: undefined, name: secrets.length > 1 ? `Secret ${index + 1}` : 'The secret' };
  });
  return localKeys(keys, allowed, log);
}

/** Keys of any kind: the first that can sign does, all verify. */
export function givenKeys(inputs: readonly KeyInput[], algorithms: readonly string[] | undefined, log: Log): KeySource {
  const keys = inputs.map((input, index) => {
    const name = inputs.length > 1 ? `Key ${index + 1}` : 'The key';
    try {
      return { ...readKey(input), name };
    } catch (cause) {
      // Not the key itself, and nothing of it.
      throw httpError(
        'HTTP_OPTION_INVALID',
        `${name} of createTokens() cannot be read: ${(cause as Error).message}. Give PEM, a JWK or a KeyObject.`,
      );
    }
  });
  return localKeys(keys, algorithms, log);
}

function localKeys(
  inputs: readonly (ReadKey & { readonly name: string })[],
  allowed: readonly string[] | undefined,
  log: Log,
): KeySource {
  const keys: VerifyingKey[] = [];
  let signing: SigningKey | undefined;
  for (const { key, kid: named, algorithm, name } of inputs) {
    const all = algorithmsOf(key);
    const usual = key.type === 'secret' ? (allowed ?? ['HS256']) : (allowed ?? all);
    const algorithms = usual.filter((each) => all.includes(each) && (algorithm === undefined || each === algorithm));
    if (algorithms.length === 0)
      throw optionInvalid(
        `${name} of createTokens() is ${kindOf(key)}, which fits none of ${(allowed ?? [algorithm ?? 'the algorithms']).join(', ')}.`,
      );
    const kid = named ?? fingerprintOf(key);
    if (keys.some((each) => each.kid === kid))
      throw optionInvalid(`${name} of createTokens() has the kid "${kid}" of one before it. Each key needs its own.`);
    refuseWeak(key, algorithms, name, log);
    keys.push(Object.freeze({ kid, algorithms: Object.freeze(algorithms), key: publicPartOf(key) }));
    if (key.type !== 'public') signing ??= Object.freeze({ kid, algorithm: algorithms[0] as string, key });
  }
  return {
    signing,
    generation: () => 0,
    find: (algorithm, kid) => choose(keys, algorithm, kid),
    published: () =>
      keys.flatMap(({ kid, algorithms, key }) =>
        key.type === 'secret'
          ? []
          : [{ ...key.export({ format: 'jwk' }), kid, use: 'sig', ...(algorithms.length === 1 ? { alg: algorithms[0] } : {}) }],
      ),
  };
}

function refuseWeak(key: KeyObject, algorithms: readonly string[], name: string, log: Log): void {
  if (isWeakRsa(key)) {
    const bits = key.asymmetricKeyDetails?.modulusLength;
    throw httpError(
      'HTTP_SECRET_WEAK',
      `${name} of createTokens() is an RSA key of ${bits} bits; it takes ${MIN_RSA_BITS} or more (RFC 7518, 3.3).`,
    );
  }
  if (key.type !== 'secret') return;
  // Of the weakest algorithm that it serves: who may use a longer one may use this one, too.
  const minBytes = Math.max(...algorithms.map((each) => SECRET_BYTES[each] ?? 0));
  const weakness = weaknessOf(key.export(), minBytes);
  if (weakness === undefined) return;
  const said = `${name} that signs tokens ${weakness}: whoever has a token can find it, and make tokens. ${MAKE_ONE}`;
  if (isProduction()) throw httpError('HTTP_SECRET_WEAK', said);
  log.warn(`${said} In production this refuses to start.`);
}

/** In production an error; elsewhere one that nobody knows, for this process. */
export function missingSecret(random: { bytes(size: number): Buffer }, log: Log): Buffer {
  const how = `Set JWT_SECRET, or give createTokens() "secret", "key" or "jwksUrl". ${MAKE_ONE}`;
  if (isProduction()) throw httpError('HTTP_SECRET_MISSING', `There is no secret to sign tokens with. ${how}`);
  log.warn(
    `There is no secret to sign tokens with. A random one is used: tokens end with this process, and no other one takes them. ${how}`,
  );
  return random.bytes(64);
}

function kindOf(key: KeyObject): string {
  return key.type === 'secret'
    ? 'a secret'
    : `${key.type} and of type ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType}`;
}
