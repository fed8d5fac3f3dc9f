import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from '../secret/key-ring.ts';
import { ringAt, rotateKeys, startRotation } from '../secret/rotation.ts';
import {
  BODY,
  CALL,
  CALLED,
  CALLER,
  FIRST_CONTACT,
  KEY,
  MESSAGE,
  NOW,
  PLAIN_CALL,
  RING,
  received,
  SECRET,
} from './messages.test-support.ts';
import { createNonceStore } from './nonce-store.ts';
import { type RequestToSign, signRequest, verifyRequest } from './signature.ts';

describe('a signed request', () => {
  it('looks like this on the wire', () => {
    expect(signRequest(CALL)).toEqual({
      'signature-input':
        'micro=("@method" "@authority" "@path" "@query" "content-digest" "express-micro-sender" "express-micro-target")' +
        ';created=1700000000;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="k1";alg="hmac-sha256";tag="express-micro-call"',
      signature: expect.stringMatching(/^micro=:[A-Za-z0-9+/]{43}=:$/),
      'content-digest': `sha-256=:${createHash('sha256').update(BODY).digest('base64')}:`,
      'express-micro-sender': `cart/${CALLER}`,
      'express-micro-target': CALLED,
    });
  });

  it.each<[string, RequestToSign]>([
    ['a call with a body', CALL],
    ['a call without', PLAIN_CALL],
    ['a message', MESSAGE],
    ['a first contact, whose target is not known', FIRST_CONTACT],
    ['one with bytes as its body', { ...CALL, body: Buffer.from([0, 255, 10, 13]) }],
    ['one with an empty body, which is none', { ...CALL, body: '' }],
    ['one without a query', { ...CALL, query: '?' }],
    ['one to a host in capitals', { ...CALL, authority: 'Orders.Example:3001' }],
    ['one from a scoped service', { ...CALL, senderService: '@acme/cart' }],
    ['one with the second key', { ...CALL, key: RING.keys[1] ?? KEY }],
    ['one 60 s old', { ...CALL, createdSeconds: NOW - 60 }],
    ['one 60 s ahead', { ...CALL, createdSeconds: NOW + 60 }],
  ])('is taken and names its sender: %s', (_, request) => {
    expect(verifyRequest(received(request))).toMatchObject({
      ok: true,
      sender: { service: request.senderService, instance: CALLER },
      kid: request.key.kid,
      key: request.key,
    });
  });

  it('hands on the hash that the body must have', () => {
    const verified = verifyRequest(received(CALL));
    expect(verified).toMatchObject({ contentDigest: createHash('sha256').update(BODY).digest() });
    expect(verifyRequest(received(PLAIN_CALL))).not.toHaveProperty('contentDigest');
  });

  it('may come from the service itself as a call, not as a message', () => {
    expect(verifyRequest(received({ ...CALL, sender: CALLED }))).toMatchObject({ ok: true });
    expect(verifyRequest(received({ ...FIRST_CONTACT, sender: CALLED }))).toMatchObject({ ok: false, reason: 'own message' });
  });

  it('whose host differs in case alone is the same', () => {
    expect(verifyRequest({ ...received({ ...CALL, authority: 'orders.example' }), authority: 'ORDERS.Example' })).toMatchObject({
      ok: true,
    });
  });

  it('is verified by either key while a rotation goes on, and by the former no longer after it', () => {
    const rotated = rotateKeys(startRotation(parseKeys(SECRET)), parseKeys('quite-another-secret-0123456789'), 0);
    const old = { ...CALL, key: parseKeys(SECRET).primary };
    const fresh = { ...CALL, key: parseKeys('quite-another-secret-0123456789').primary };
    const verdict = (request: RequestToSign, atMs: number): unknown =>
      verifyRequest({ ...received(request), ring: ringAt(rotated, atMs) });
    expect(verdict(old, 59_999)).toMatchObject({ ok: true, key: { secret: SECRET } });
    expect(verdict(fresh, 0)).toMatchObject({ ok: true });
    expect(verdict(old, 60_000)).toEqual({ ok: false, reason: 'wrong signature' });
  });

  it('is not ours when another user of RFC 9421 signed it', () => {
    const headers = { signature: 'sig1=:AAAA:', 'signature-input': 'sig1=("@authority");tag="web-bot-auth"' };
    expect(verifyRequest({ ...received(CALL), headers })).toEqual({ ok: false, reason: 'not signed' });
    expect(verifyRequest({ ...received(CALL), headers: {} })).toEqual({ ok: false, reason: 'not signed' });
  });

  it.each(['method', 'authority', 'path', 'query'] as const)('cannot be made with a line break in its %s', (part) => {
    expect(() => signRequest({ ...CALL, [part]: 'a\n"@path": b' })).toThrow(
      expect.objectContaining({ code: 'MESH_ARGUMENT_INVALID' }),
    );
  });

  it('takes no place in the store of nonces unless its signature is right', () => {
    const nonces = createNonceStore();
    const request = { ...received(CALL), nonces };
    expect(verifyRequest({ ...request, path: '/other' })).toEqual({ ok: false, reason: 'wrong signature' });
    expect(nonces.size).toBe(0);
    expect(verifyRequest(request)).toMatchObject({ ok: true });
    expect(nonces.size).toBe(1);
  });

  it('is refused, not admitted unseen, when the store of nonces is full', () => {
    const nonces = createNonceStore({ capacity: 1 });
    expect(verifyRequest({ ...received(CALL), nonces })).toMatchObject({ ok: true });
    expect(verifyRequest({ ...received({ ...CALL, nonce: 'BBBBBBBBBBBBBBBBBBBBBB' }), nonces })).toEqual({
      ok: false,
      reason: 'too many nonces',
    });
  });
});

describe('verifying, whatever comes', () => {
  const fields = Object.keys(signRequest(CALL));

  it('never throws and never takes a request of which one field was changed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.nat(200), fc.nat(4), fc.string({ maxLength: 4 }), (name, at, cut, put) => {
        const original = signRequest(CALL);
        const value = original[name] ?? '';
        const changed = value.slice(0, at) + put + value.slice(at + cut);
        fc.pre(changed !== value);
        return !verifyRequest(received(CALL, { ...original, [name]: changed })).ok;
      }),
      { numRuns: 5000 },
    );
  });

  it('never throws and never takes fields that were made up', () => {
    const value = fc.oneof(
      fc.string(),
      fc.constant(undefined),
      fc.array(fc.string(), { maxLength: 2 }),
      fc.constantFrom(...Object.values(signRequest(CALL))),
    );
    const headers = fc.record(Object.fromEntries(fields.map((name) => [name, value])));
    const signed = JSON.stringify(signRequest(CALL), [...fields].sort());
    fc.assert(
      fc.property(headers, (made) => {
        fc.pre(JSON.stringify(made, [...fields].sort()) !== signed);
        return !verifyRequest({ ...received(CALL), headers: made }).ok;
      }),
      { numRuns: 2000 },
    );
  });

  it('never takes a request of which the start line was changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('method', 'path', 'query', 'authority'),
        fc.nat(30),
        fc.nat(4),
        fc.string({ maxLength: 4 }),
        (part, at, cut, put) => {
          const value = CALL[part as 'path'];
          const changed = value.slice(0, at) + put + value.slice(at + cut);
          fc.pre(changed.toLowerCase() !== value.toLowerCase());
          return !verifyRequest({ ...received(CALL), [part]: changed }).ok;
        },
      ),
      { numRuns: 2000 },
    );
  });
});
