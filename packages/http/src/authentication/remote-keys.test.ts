import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { TokenOptions } from './token-options.ts';
import { CLAIMS, EC_PAIR, ED_PAIR, forge, hmac, open, RSA_PAIR, reasonOf, rsa, standingClock } from './tokens.test-support.ts';

const NEW_PAIR = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const jwk = (key: KeyObject, extra: object) => ({ ...key.export({ format: 'jwk' }), ...extra });
const OLD = jwk(RSA_PAIR.publicKey, { kid: 'old', use: 'sig', alg: 'RS256' });
const NEW = jwk(NEW_PAIR.publicKey, { kid: 'new', use: 'sig', alg: 'RS256' });
const tokenOf = (kid: string | undefined, key: KeyObject, claims: object = {}) =>
  forge({ alg: 'RS256', ...(kid === undefined ? {} : { kid }) }, { ...CLAIMS, exp: CLAIMS.exp + 864_000, ...claims }, rsa(key));

/** Somebody who publishes keys: what is said next, and how often was asked. */
function publisher(...first: object[]) {
  let answer: () => Response | Promise<Response> = () => Response.json({ keys: first });
  const clock = standingClock();
  const fetch = vi.fn(async (_url: string, _options: { signal: AbortSignal; redirect: string }) => answer());
  const tokens = (options: TokenOptions = {}) => open({ jwksUrl: 'https://id.test/jwks', ...options }, clock, fetch).tokens;
  return {
    clock,
    fetch,
    tokens,
    publish: (...keys: object[]) => {
      answer = () => Response.json({ keys });
    },
    answers: (next: () => Response | Promise<Response>) => {
      answer = next;
    },
  };
}

const status = (verified: Promise<unknown>) =>
  verified.then(
    () => 200,
    (error: { status: number }) => error.status,
  );
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('keys that somebody else publishes', () => {
  it('are asked for once, for however many tokens', async () => {
    const { tokens, fetch } = publisher(OLD);
    const verifier = tokens();
    const many = Array.from({ length: 50 }, (_, index) => verifier.verify(tokenOf('old', RSA_PAIR.privateKey, { n: index })));
    expect(await Promise.all(many.map(status))).toEqual(Array(50).fill(200));
    expect(fetch).toHaveBeenCalledOnce();
    expect(fetch.mock.calls[0]).toMatchObject(['https://id.test/jwks', { redirect: 'error' }]);
  });

  it('are asked for again when a token names one that is not there, at most once in cooldownMs', async () => {
    const { tokens, fetch, clock, publish } = publisher(OLD);
    const verifier = tokens();
    await verifier.verify(tokenOf('old', RSA_PAIR.privateKey));
    publish(OLD, NEW);
    for (let index = 0; index < 100; index += 1) await status(verifier.verify(tokenOf(`made up ${index}`, NEW_PAIR.privateKey)));
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await status(verifier.verify(tokenOf('new', NEW_PAIR.privateKey)))).toBe(401);
    clock.pass(30_000);
    expect(await status(verifier.verify(tokenOf('new', NEW_PAIR.privateKey)))).toBe(200);
    expect(await status(verifier.verify(tokenOf('made up', NEW_PAIR.privateKey)))).toBe(401);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('keep nobody waiting who has one, while made-up ones are asked for and no answer comes', async () => {
    const { tokens, fetch, clock, answers } = publisher(OLD);
    const verifier = tokens();
    await verifier.verify(tokenOf('old', RSA_PAIR.privateKey));
    let fail = (_error: Error): void => {};
    answers(() => new Promise((_resolve, reject) => (fail = reject)));
    clock.pass(30_000);
    const order: string[] = [];
    const flood = Array.from({ length: 1_000 }, (_, index) =>
      status(verifier.verify(tokenOf(`made up ${index}`, NEW_PAIR.privateKey))).then((said) => order.push(`${said}`)),
    );
    await verifier.verify(tokenOf('old', RSA_PAIR.privateKey, { fresh: true })).then(() => order.push('good'));
    expect(order).toEqual(['good']);
    fail(new Error('down'));
    await Promise.all(flood);
    expect(new Set(order.slice(1))).toEqual(new Set(['401']));
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('that are withdrawn count no more, also for tokens that were verified before', async () => {
    const { tokens, clock, publish } = publisher(OLD, NEW);
    const verifier = tokens();
    const token = tokenOf('old', RSA_PAIR.privateKey);
    expect(await status(verifier.verify(token))).toBe(200);
    publish(NEW);
    expect(await status(verifier.verify(token))).toBe(200);
    clock.pass(600_001);
    expect(await status(verifier.verify(token))).toBe(200); // goes on with the old ones, and asks beside it
    await settled();
    expect(await status(verifier.verify(token))).toBe(401);
  });

  it('serve on for staleMs when nobody answers; then it is 503, and well again with the first answer', async () => {
    const { tokens, clock, answers, publish, fetch } = publisher(OLD);
    const verifier = tokens({ jwks: { staleMs: 3_600_000 } });
    const token = tokenOf('old', RSA_PAIR.privateKey);
    expect(await status(verifier.verify(token))).toBe(200);
    answers(() => Promise.reject(new Error('down')));
    clock.pass(600_000 + 3_599_000);
    expect(await status(verifier.verify(token))).toBe(200);
    await settled();
    expect(await status(verifier.verify(tokenOf('unknown', RSA_PAIR.privateKey)))).toBe(401);
    clock.pass(30_000);
    await expect(verifier.verify(token)).rejects.toMatchObject({
      status: 503,
      code: 'AUTHENTICATION_UNAVAILABLE',
      headers: { 'retry-after': '2' },
    });
    const asked = fetch.mock.calls.length;
    expect(await status(verifier.verify(token))).toBe(503);
    expect(fetch).toHaveBeenCalledTimes(asked); // not for each request
    publish(OLD);
    clock.pass(30_000);
    expect(await status(verifier.verify(token))).toBe(200);
  });

  it('that cannot be had at all are 503, not 401: the token may be good', async () => {
    const big = 'x'.repeat(300_000);
    const wrong: (() => Response | Promise<Response>)[] = [
      () => Promise.reject(new TypeError('fetch failed')),
      () => new Response('no', { status: 500 }),
      () => new Response('<html>'),
      () => Response.json([]),
      () => Response.json(null),
      () => Response.json({ keys: [] }),
      () => Response.json({ keys: [null, 7, 'x', { kty: 'RSA' }, { kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] }),
      () => new Response(`{"keys":[],"big":"${big}"}`),
      () => new Response('{"__proto__":{},"keys":[]}'),
    ];
    for (const answer of wrong) {
      const { tokens, answers } = publisher();
      answers(answer);
      expect([String(answer), await status(tokens().verify(tokenOf('old', RSA_PAIR.privateKey)))]).toEqual([String(answer), 503]);
    }
  });

  it('that could not be had at first are asked for again soon, and less and less often', async () => {
    const { tokens, answers, publish, clock, fetch } = publisher();
    answers(() => Promise.reject(new Error('down')));
    const verifier = tokens();
    const token = tokenOf('old', RSA_PAIR.privateKey);
    const asks: number[] = [];
    for (let second = 0; second < 120; second += 1) {
      const before = fetch.mock.calls.length;
      const said = verifier.verify(token).catch((error: { status: number; headers: Record<string, string> }) => error);
      const wait = Number(((await said) as { headers: Record<string, string> }).headers['retry-after']);
      if (fetch.mock.calls.length > before) asks.push(second);
      expect(fetch.mock.calls.length).toBe(asks.length);
      // Who comes again when he was told to has it asked.
      if (asks.at(-1) === second) expect([1, 2, 4, 8, 16, 30]).toContain(wait);
      clock.pass(1_000);
    }
    expect(asks).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    publish(OLD);
    clock.pass(30_000);
    expect(await status(verifier.verify(token))).toBe(200);
  });

  it('that come too late are given up', async () => {
    const { tokens, answers, clock, fetch } = publisher();
    answers(
      () =>
        new Promise((_resolve, reject) => {
          const signal = fetch.mock.lastCall?.[1].signal;
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    );
    const asked = status(tokens().verify(tokenOf('old', RSA_PAIR.privateKey)));
    await settled();
    clock.pass(5_000);
    expect(await asked).toBe(503);
  });

  it('that are secrets, weak or for something else are passed over', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const { tokens } = publisher(
      { kty: 'oct', k: Buffer.from('published-secret-of-32-bytes-000').toString('base64url'), kid: 'oct', alg: 'HS256' },
      jwk(weak.publicKey, { kid: 'weak' }),
      jwk(NEW_PAIR.publicKey, { kid: 'enc', use: 'enc' }),
      jwk(ED_PAIR.publicKey, { kid: 'ed' }),
      jwk(EC_PAIR.publicKey, { kid: 'ec', alg: 'ES256' }),
      OLD,
    );
    const verifier = tokens();
    expect(await status(verifier.verify(tokenOf('old', RSA_PAIR.privateKey)))).toBe(200);
    expect(
      await reasonOf(verifier.verify(forge({ alg: 'HS256', kid: 'oct' }, CLAIMS, hmac('published-secret-of-32-bytes-000')))),
    ).toContain('no key');
    expect(await status(verifier.verify(tokenOf('weak', weak.privateKey)))).toBe(401);
    expect(await status(verifier.verify(tokenOf('enc', NEW_PAIR.privateKey)))).toBe(401);
  });

  it('may be asked for without a kid: each of that algorithm is tried', async () => {
    const { tokens } = publisher(OLD, NEW);
    expect(await status(tokens().verify(tokenOf(undefined, NEW_PAIR.privateKey)))).toBe(200);
  });

  it('make no tokens', async () => {
    await expect(publisher(OLD).tokens().issue({ sub: '1' })).rejects.toMatchObject({ code: 'HTTP_SIGNING_KEY_MISSING' });
  });
});
