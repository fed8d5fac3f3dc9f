import { hash } from 'node:crypto';
import type { TokenClaims, UserPrincipal } from './way.ts';

export interface Verified {
  readonly principal: UserPrincipal;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly generation: number;
}

/**
 * Tokens whose signature has been looked at. A client sends the same one for minutes, and to verify it costs more than the rest of a small request.
 *
 * Kept by their hash: neither is a token in memory longer than its request, nor does the time of a look-up say how much of one was
 * right. Two maps take turns, so that what is used stays, at most `2 × maxTokens` are there, and nothing is sorted.
 */
export class VerifiedTokens {
  private young = new Map<string, Verified>();
  private old = new Map<string, Verified>();
  private readonly maxTokens: number;

  constructor(maxTokens: number) {
    this.maxTokens = maxTokens;
  }

  get(key: string): Verified | undefined {
    const found = this.young.get(key);
    if (found !== undefined) return found;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, verified: Verified): void {
    if (this.young.size >= this.maxTokens) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, verified);
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }
}

export function cacheKeyOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** When claims hold, by a clock that may differ by `toleranceMs` from that of the issuer. */
export function lifeOf({ exp, nbf }: TokenClaims, toleranceMs: number): { readonly fromMs: number; readonly untilMs: number } {
  return {
    fromMs: typeof nbf === 'number' ? nbf * 1_000 - toleranceMs : 0,
    untilMs: exp * 1_000 + toleranceMs,
  };
}
