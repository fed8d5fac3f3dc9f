import type { KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { SigningKey } from './key-kinds.ts';

/** What a token has to say beside being signed. */
export interface ClaimRules {
  readonly issuers: readonly string[] | false;
  readonly audiences: readonly string[] | false;
  readonly clockToleranceSeconds: number;
}

/**
 * The signature, then the claims.
 *
 * @param algorithm one that the key may be used with, chosen by us
 * @throws what is wrong with the token
 */
export async function verifyJwt(
  token: string,
  { key, algorithm }: { readonly key: KeyObject; readonly algorithm: string },
  { issuers, audiences, clockToleranceSeconds }: ClaimRules,
  nowMs: number,
): Promise<Record<string, unknown>> {
  const { payload } = await jwtVerify(token, key, {
    algorithms: [algorithm],
    ...(issuers === false ? {} : { issuer: [...issuers] }),
    ...(audiences === false ? {} : { audience: [...audiences] }),
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(nowMs),
    requiredClaims: ['sub', 'exp'],
  });
  return payload;
}

export function signJwt(
  claims: Readonly<Record<string, unknown>>,
  { key, algorithm, kid }: SigningKey,
  type: string,
): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm, typ: type, kid }).sign(key);
}
