import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from '../secret/key-ring.ts';
import { CALL, CALLED, CALLER, FIRST_CONTACT, KEY, MESSAGE, NOW, RING, received, THIRD } from './messages.test-support.ts';
import { type ResponseToSign, type ResponseToVerify, signResponse, verifyResponse } from './response-signature.ts';
import { type RefusalReason, signRequest, verifyRequest } from './signature.ts';

const BODY = Buffer.from('{"status":"OK"}');
const request = signRequest(FIRST_CONTACT);
const ANSWER: ResponseToSign = {
  key: KEY,
  status: 200,
  body: BODY,
  sender: CALLED,
  senderService: 'orders',
  request,
  createdSeconds: NOW,
};
const signed = signResponse(ANSWER);
const received200: ResponseToVerify = { ring: RING, status: 200, headers: signed, body: BODY, request, self: CALLER };

describe('a signed answer', () => {
  it('looks like this on the wire', () => {
    expect(signed).toEqual({
      'signature-input':
        'micro=("@status" "content-digest" "express-micro-sender" "signature-input";req "signature";req)' +
        ';created=1700000000;keyid="k1";alg="hmac-sha256";tag="express-micro-discovery-response"',
      signature: expect.stringMatching(/^micro=:[A-Za-z0-9+/]{43}=:$/),
      'content-digest': expect.stringMatching(/^sha-256=:.{44}:$/),
      'express-micro-sender': `orders/${CALLED}`,
    });
  });

  it('proves who answered, with a body and without', () => {
    const proven = { ok: true, sender: { service: 'orders', instance: CALLED }, kid: 'k1' };
    expect(verifyResponse(received200)).toEqual(proven);
    expect(verifyResponse({ ...received200, expectedSender: CALLED })).toEqual(proven);
    const empty = signResponse({ ...ANSWER, status: 204, body: undefined });
    expect(verifyResponse({ ...received200, status: 204, headers: empty, body: Buffer.alloc(0) })).toEqual(proven);
  });

  it('is signed with the key of its request, which its asker is sure to know', () => {
    const asked = { ...FIRST_CONTACT, key: RING.keys[1] ?? KEY };
    const verified = verifyRequest(received(asked));
    if (!verified.ok) throw new Error(verified.reason);
    const fields = signRequest(asked);
    const answer = signResponse({ ...ANSWER, key: verified.key, request: fields });
    expect(
      verifyResponse({ ...received200, headers: answer, request: fields, ring: parseKeys(`k2:${verified.key.secret}`) }),
    ).toMatchObject({ kid: 'k2' });
  });

  const other = signRequest({ ...FIRST_CONTACT, nonce: 'BBBBBBBBBBBBBBBBBBBBBB' });
  const input = signed['signature-input'] ?? '';
  it.each<[string, Partial<ResponseToVerify>, RefusalReason]>([
    ['another status', { status: 201 }, 'wrong signature'],
    ['another body', { body: Buffer.from('{"status":"KO"}') }, 'wrong body'],
    ['no body', { body: Buffer.alloc(0) }, 'digest without body'],
    ['a body without a digest', { headers: signResponse({ ...ANSWER, body: undefined }) }, 'body without digest'],
    ['another digest', { headers: { ...signed, 'content-digest': `sha-256=:${'A'.repeat(43)}=:` } }, 'wrong signature'],
    ['a malformed digest', { headers: { ...signed, 'content-digest': 'sha-256' } }, 'malformed digest'],
    ['another sender', { headers: { ...signed, 'express-micro-sender': `orders/${THIRD}` } }, 'wrong signature'],
    ['a malformed sender', { headers: { ...signed, 'express-micro-sender': THIRD } }, 'malformed sender'],
    ['no signature at all', { headers: {} }, 'not signed'],
    ['no signature', { headers: { ...signed, signature: undefined } }, 'malformed field'],
    ['two signatures', { headers: { ...signed, signature: [signed.signature ?? '', ''] } }, 'malformed field'],
    ['two digests', { headers: { ...signed, 'content-digest': ['', ''] } }, 'malformed field'],
    ['a second field', { rawHeaders: ['Signature', 'x', 'signature', 'y'] }, 'duplicate field'],
    ['an answer to another request', { request: other }, 'wrong signature'],
    [
      'an answer to the same request under other parameters',
      { request: { ...request, 'signature-input': other['signature-input'] } },
      'wrong signature',
    ],
    [
      'an answer to another request under the same parameters',
      { request: signRequest({ ...FIRST_CONTACT, path: '/_discovery/other' }) },
      'wrong signature',
    ],
    ['an answer to nothing', { request: {} }, 'wrong signature'],
    ['an unknown key', { ring: parseKeys('k9:another-secret-entirely-012345') }, 'unknown key'],
    ['another key', { ring: parseKeys('k1:another-secret-entirely-012345') }, 'wrong signature'],
    ['our own request, reflected', { headers: request }, 'malformed signature input'],
    ['our own message, reflected', { headers: signRequest(MESSAGE), request: signRequest(MESSAGE) }, 'malformed signature input'],
    ['the signature of a call', { headers: signRequest(CALL) }, 'malformed signature input'],
    ['an answer that we signed ourselves', { self: CALLED }, 'own message'],
    ['an answer of somebody else than was asked', { expectedSender: THIRD }, 'other sender'],
    ['another label', { headers: { ...signed, 'signature-input': input.replace('micro', 'sig') } }, 'malformed signature input'],
    [
      'the status not covered',
      { headers: { ...signed, 'signature-input': input.replace('"@status" ', '') } },
      'malformed signature input',
    ],
    [
      'the request not covered',
      { headers: { ...signed, 'signature-input': input.replace(' "signature";req', '') } },
      'malformed signature input',
    ],
    ['another tag', { headers: { ...signed, 'signature-input': input.replace('-response', '') } }, 'malformed signature input'],
  ])('is refused with %s', (_, change, reason) => {
    expect(verifyResponse({ ...received200, ...change })).toEqual({ ok: false, reason });
  });

  it('is refused after any change of a field, and verifying never throws', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(signed)),
        fc.nat(200),
        fc.nat(4),
        fc.string({ maxLength: 4 }),
        (name, at, cut, put) => {
          const value = signed[name] ?? '';
          const changed = value.slice(0, at) + put + value.slice(at + cut);
          fc.pre(changed !== value);
          return !verifyResponse({ ...received200, headers: { ...signed, [name]: changed } }).ok;
        },
      ),
      { numRuns: 2000 },
    );
  });
});
