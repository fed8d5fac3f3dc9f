import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyRing, parseKeys } from '../secret/key-ring.ts';
import { createCallerTokenVerifier, mintCallerToken, verifyCallerToken } from './caller-token.ts';
import { CALLED, CALLER, KEY, NOW, RING, THIRD } from './messages.test-support.ts';

const TOKEN = { key: KEY, service: '@acme/cart', instance: CALLER, target: CALLED, expiresSeconds: NOW + 60 };
const token = mintCallerToken(TOKEN);
const context = { self: CALLED, nowSeconds: NOW };
const caller = { service: '@acme/cart', instance: CALLER };

/** Sealed by who holds the key, around anything. */
const sealed = (sender: string, end: string, { key = KEY.token, kid = 'k1', version = 'v1', target = CALLED } = {}): string => {
  const seal = createHmac('sha256', key).update(`${version}.${kid}.${end}.${sender}.${target}`).digest('base64url');
  return `${version}.${kid}.${end}.${seal.slice(0, 22)}.${sender}`;
};

describe('a caller token', () => {
  it('names its caller to its target', () => {
    expect(token).toMatch(/^v1\.k1\.[0-9a-z]{6}\.[\w-]{22}\.@acme\/cart\/1{32}$/);
    expect(verifyCallerToken(RING, token, context)).toEqual(caller);
    expect(verifyCallerToken(RING, mintCallerToken({ ...TOKEN, key: RING.keys[1] ?? KEY }), context)).toEqual(caller);
  });

  it.each([
    [-60, true],
    [0, true],
    [59, true],
    [60, false],
    [61, false],
    [-61, false],
    [Number.NaN, false],
  ])('is good %i s after it was made: %s', (seconds, expected) => {
    expect(verifyCallerToken(RING, token, { ...context, nowSeconds: NOW + seconds }) !== undefined).toBe(expected);
  });

  it('is good for its target alone', () => {
    expect(verifyCallerToken(RING, token, { ...context, self: THIRD })).toBeUndefined();
  });

  it('is worth nothing under other keys', () => {
    expect(verifyCallerToken(parseKeys('k1:another-secret-entirely-012345'), token, context)).toBeUndefined();
    expect(verifyCallerToken(parseKeys('k9:another-secret-entirely-012345'), token, context)).toBeUndefined();
  });

  const good = [`cart/${CALLER}`, (NOW + 60).toString(36)] as const;
  it('is taken in the form that the next cases spoil', () => {
    expect(verifyCallerToken(RING, sealed(...good), context)).toEqual({ service: 'cart', instance: CALLER });
    expect(verifyCallerToken(RING, sealed(`a.b.c/${CALLER}`, good[1]), context)?.service).toBe('a.b.c');
  });

  it.each<[string, string]>([
    ['sealed with the call key', sealed(...good, { key: KEY.call })],
    ['sealed with the gossip key', sealed(...good, { key: KEY.gossip })],
    ['sealed with the second key under the first id', sealed(...good, { key: RING.keys[1]?.token ?? KEY.call })],
    ['sealed for another target', sealed(...good, { target: THIRD })],
    ['another version', sealed(...good, { version: 'v2' })],
    ['an unknown key id', sealed(...good, { kid: 'k9' })],
    ['an id with a dot', sealed(...good, { kid: 'k.1' })],
    ['a malformed sender', sealed('cart', good[1])],
    ['an instance that is none', sealed('cart/x', good[1])],
    ['a service that is no name', sealed(`ca rt/${CALLER}`, good[1])],
    ['no sender', sealed('', good[1])],
    ['a time that is a fraction', sealed(good[0], `${good[1]}.5`)],
    ['a time in capitals', sealed(good[0], good[1].toUpperCase())],
    ['a time with a leading zero', sealed(good[0], `0${good[1]}`)],
    ['a negative time', sealed(good[0], `-${good[1]}`)],
    ['no time', sealed(good[0], '')],
    ['a time far ahead', sealed(good[0], (NOW + 121).toString(36))],
    ['an endless time', sealed(good[0], 'zzzzzzzzzz')],
    ['a part more', `${token}.x`],
    ['a part less', token.slice(0, token.lastIndexOf('.'))],
    ['an empty seal', token.replace(/\.[\w-]{22}\./, '..')],
    ['a shorter seal', token.replace(/\.([\w-]{21})[\w-]\./, '.$1.')],
    ['white space', ` ${token}`],
    ['padding', `${token}=`],
    ['nothing at all', ''],
    ['dots alone', '...'],
    ['a line more', `${token}\n`],
    ['600 characters', sealed(`${'c'.repeat(600)}/${CALLER}`, good[1])],
  ])('is refused with %s', (_, spoiled) => {
    expect(verifyCallerToken(RING, spoiled, context)).toBeUndefined();
  });

  it('is not even hashed when it is longer than any of ours', () => {
    const ring: KeyRing = { ...RING, find: () => expect.unreachable() };
    expect(verifyCallerToken(ring, `v1.k1.${'a'.repeat(600)}.x`, context)).toBeUndefined();
  });

  it('is refused after any change, and verifying never throws', () => {
    fc.assert(
      fc.property(fc.nat(token.length), fc.nat(4), fc.string({ maxLength: 4 }), (at, cut, put) => {
        const changed = token.slice(0, at) + put + token.slice(at + cut);
        fc.pre(changed !== token);
        return verifyCallerToken(RING, changed, context) === undefined;
      }),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.string(), (text) => verifyCallerToken(RING, text, context) === undefined));
  });
});

describe('a verifier that remembers', () => {
  it('answers the same, and the same object for the same token', () => {
    const verify = createCallerTokenVerifier({ ring: () => RING, self: CALLED });
    const first = verify(token, NOW);
    expect(first).toEqual(caller);
    expect(verify(token, NOW + 59)).toBe(first);
  });

  it('does not remember past the end of a token', () => {
    const verify = createCallerTokenVerifier({ ring: () => RING, self: CALLED });
    verify(token, NOW);
    expect(verify(token, NOW + 60)).toBeUndefined();
    expect(verify(token, NOW + 60)).toBeUndefined();
  });

  it('forgets at once when a rotation took the key away', () => {
    let ring: KeyRing = RING;
    const verify = createCallerTokenVerifier({ ring: () => ring, self: CALLED });
    expect(verify(token, NOW)).toEqual(caller);
    ring = parseKeys('k2:another-secret-entirely-012345');
    expect(verify(token, NOW)).toBeUndefined();
    ring = RING;
    expect(verify(token, NOW)).toEqual(caller);
  });

  it('refuses what is not right, every time', () => {
    const verify = createCallerTokenVerifier({ ring: () => RING, self: THIRD });
    expect([verify(token, NOW), verify(token, NOW), verify('x', NOW)]).toEqual([undefined, undefined, undefined]);
  });

  it('remembers no more than it may, and still answers rightly', () => {
    const verify = createCallerTokenVerifier({ ring: () => RING, self: CALLED, max: 10 });
    const tokens = Array.from({ length: 50 }, (_, index) => mintCallerToken({ ...TOKEN, expiresSeconds: NOW + 10 + index }));
    const first = tokens.map((each) => verify(each, NOW));
    const again = tokens.map((each) => verify(each, NOW));
    expect(first.every((sender) => sender?.instance === CALLER)).toBe(true);
    expect(again).toEqual(first);
    // The last ten were kept, but asking in the same order pushed each out before its turn.
    expect(again.filter((sender, index) => sender === first[index])).toHaveLength(0);
    const kept = verify(tokens[49] ?? '', NOW);
    expect(verify(tokens[49] ?? '', NOW)).toBe(kept);
  });

  it('makes room among the tokens that are over before it forgets one that is good', () => {
    const verify = createCallerTokenVerifier({ ring: () => RING, self: CALLED, max: 2 });
    const [good, short, next] = [60, 5, 50].map((seconds) => mintCallerToken({ ...TOKEN, expiresSeconds: NOW + seconds })) as [
      string,
      string,
      string,
    ];
    const kept = verify(good, NOW);
    verify(short, NOW);
    verify(next, NOW + 6);
    expect(verify(good, NOW + 6)).toBe(kept);
  });
});
