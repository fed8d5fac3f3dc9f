import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Clock, systemRandom } from '@express-micro/core';
import type { TokenOptions } from './token-options.ts';
import { type Tokens, tokensWith } from './tokens.ts';

export const SECRET = 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi';
export const OTHER_SECRET = 'm2VbN8xQ1zKc7Lp4Ws9Df0Gh5Jk3Ty6Ur-R_tEiOaYn';
const START_MS = Date.UTC(2026, 0, 1);

export const RSA_PAIR = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const EC_PAIR = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const ED_PAIR = generateKeyPairSync('ed25519');

export const pem = (key: KeyObject): string =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' } as never) as string;

/** A clock that stands still until it is told. Its timers fire when it is moved past them. */
export function standingClock(): Clock & { pass(ms: number): void } {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; run: () => void }>();
  return {
    monotonicMs: () => nowMs,
    epochMs: () => START_MS + nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return { stop: () => void timers.delete(timer) };
    },
    every: () => ({ stop() {} }),
    pass(ms) {
      nowMs += ms;
      for (const timer of [...timers]) {
        if (timer.atMs <= nowMs && timers.delete(timer)) timer.run();
      }
    },
  };
}

export const noFetch = (): Promise<Response> => Promise.reject(new Error('nothing is fetched here'));

export function open(
  options: TokenOptions = {},
  clock = standingClock(),
  fetch: Parameters<typeof tokensWith>[1]['fetch'] = noFetch,
): { tokens: Tokens; clock: ReturnType<typeof standingClock> } {
  const usual = { issuer: 'https://id.test', audience: 'shop', log: false } as const;
  const secret = options.key === undefined && options.jwksUrl === undefined ? { secret: SECRET } : {};
  return { tokens: tokensWith({ ...usual, ...secret, ...options }, { clock, random: systemRandom, fetch }), clock };
}

export const CLAIMS = Object.freeze({
  sub: '42',
  iss: 'https://id.test',
  aud: 'shop',
  roles: ['clerk'],
  iat: START_MS / 1_000,
  exp: START_MS / 1_000 + 900,
});

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signed by hand: what libraries refuse to make has to be refused, too. */
export function forge(header: unknown, claims: unknown, sign: (input: string) => string): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(input)}`;
}

export const hmac =
  (secret: string | Buffer, hash = 'sha256') =>
  (input: string): string =>
    createHmac(hash, secret).update(input).digest('base64url');

export const rsa =
  (key: KeyObject, hash = 'RSA-SHA256') =>
  (input: string): string =>
    createSign(hash).update(input).sign(key, 'base64url');

/** Why it was refused: what stays in the process. */
export async function reasonOf(verified: Promise<unknown>): Promise<string> {
  const error = await verified.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error('the token was taken');
  const { code, status, message, headers, cause } = error as Record<string, unknown> & { cause: Error };
  const shown = JSON.stringify({ code, status, message, headers });
  const same =
    '{"code":"INVALID_TOKEN","status":401,"message":"Invalid token","headers":{"www-authenticate":"Bearer error=\\"invalid_token\\""}}';
  if (shown !== same) throw new Error(`the refusal tells more: ${shown}`, { cause: error });
  return cause.message;
}
