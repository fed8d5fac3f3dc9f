import type { KeyObject } from 'node:crypto';
import type { SigningKey } from './key-kinds.ts';

/** What a token has to say beside being signed. */
interface ClaimRules {
  readonly issuers: readonly string[] | false;
  readonly audiences: readonly string[] | false;
  readonly clockToleranceSeconds: number;
}

export interface Jwt {
  /**
   * The signature, then the claims. Rejects with what is wrong with the token.
   *
   * @param algorithm one that the key may be used with, chosen by us
   */
  verify(token: string, algorithm: string, key: KeyObject, rules: ClaimRules, nowMs: number): Promise<Record<string, unknown>>;
  sign(claims: Readonly<Record<string, unknown>>, key: SigningKey, type: string): Promise<string>;
}

let loaded: Jwt | undefined;

/**
 * Loaded with the first token. jose is an ES module alone: Node 22 before 22.12 cannot require it, and Jest can neither require nor import it.
 * So it goes out within the build (it stands in `devDependencies`), in a file of its own that who uses no tokens does not load.
 */
export async function joseJwt(): Promise<Jwt> {
  loaded ??= await load();
  return loaded;
}

/** Whether the key was the right one, and what it signed does not count. */
export function isAboutClaims(error: unknown): boolean {
  return /^ERR_JWT_/.test(String((error as { code?: unknown } | undefined)?.code));
}

async function load(): Promise<Jwt> {
  const { jwtVerify, SignJWT } = await import('jose');
  return {
    async verify(token, algorithm, key, { issuers, audiences, clockToleranceSeconds }, nowMs) {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        ...(issuers === false ? {} : { issuer: [...issuers] }),
        ...(audiences === false ? {} : { audience: [...audiences] }),
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(nowMs),
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    },
    sign: (claims, { key, algorithm, kid }, type) =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm, typ: type, kid }).sign(key),
  };
}
