import { describe, expect, it } from 'vitest';
import { parseKeys } from '../secret/key-ring.ts';
import { contentDigest } from './digest.ts';
import {
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
  THIRD,
} from './messages.test-support.ts';
import { signResponse } from './response-signature.ts';
import { type RefusalReason, type RequestToSign, type RequestToVerify, signRequest, verifyRequest } from './signature.ts';
import { mac } from './signature-base.ts';

type Case = readonly [name: string, request: RequestToVerify, reason: RefusalReason];
type Fields = Record<string, string>;

const signed = signRequest(CALL);
const input = signed['signature-input'] ?? '';
const signature = signed.signature ?? '';
const withFields = (fields: Fields): RequestToVerify => received(CALL, { ...signed, ...fields });
const without = (name: string): RequestToVerify =>
  received(CALL, Object.fromEntries(Object.entries(signed).filter(([key]) => key !== name)));
const withInput = (changed: string): RequestToVerify => withFields({ 'signature-input': changed });
const twice = (name: string): RequestToVerify => {
  const request = received(CALL);
  return { ...request, rawHeaders: [...(request.rawHeaders ?? []), name, 'x'] };
};
/** Signed by who holds the key, but in another form than ours: the signature itself is right. */
const insider = (request: RequestToSign, change: (params: string) => string, key = KEY.call): RequestToVerify => {
  const fields = signRequest(request);
  const params = change((fields['signature-input'] ?? '').slice('micro='.length));
  const values: Fields = {
    '"@method"': request.method,
    '"@authority"': request.authority,
    '"@path"': request.path,
    '"@query"': request.query,
    '"content-digest"': fields['content-digest'] ?? '',
    '"express-micro-sender"': fields['express-micro-sender'] ?? '',
    '"express-micro-target"': fields['express-micro-target'] ?? '',
    '"accept"': '*/*',
    '"@query-param";name="limit"': '10',
  };
  const names = params
    .slice(1, params.indexOf(')'))
    .split(' ')
    .filter((name) => name !== '');
  const base = names.map((name) => `${name}: ${values[name]}\n`).join('');
  return received(request, {
    ...fields,
    'signature-input': `micro=${params}`,
    signature: `micro=${mac(key, `${base}"@signature-params": ${params}`)}`,
  });
};

const onTheWay: Case[] = [
  ['another method', { ...received(PLAIN_CALL), method: 'DELETE' }, 'wrong signature'],
  ['the method in small letters', { ...received(CALL), method: 'post' }, 'wrong signature'],
  ['another path', { ...received(CALL), path: '/orders/8/items' }, 'wrong signature'],
  ['a path with a slash at its end', { ...received(CALL), path: '/orders/7/items/' }, 'wrong signature'],
  ['a path encoded another way', { ...received(CALL), path: '/orders/%37/items' }, 'wrong signature'],
  ['a path with a dot segment', { ...received(CALL), path: '/orders/./7/items' }, 'wrong signature'],
  ['a path in capitals', { ...received(CALL), path: '/Orders/7/items' }, 'wrong signature'],
  ['another query', { ...received(CALL), query: '?limit=1000&offset=20' }, 'wrong signature'],
  ['the query in another order', { ...received(CALL), query: '?offset=20&limit=10' }, 'wrong signature'],
  ['a query parameter more', { ...received(CALL), query: '?limit=10&offset=20&all=1' }, 'wrong signature'],
  ['no query', { ...received(CALL), query: '?' }, 'wrong signature'],
  [
    'a query moved into the path',
    { ...received(CALL), path: '/orders/7/items?limit=10&offset=20', query: '?' },
    'wrong signature',
  ],
  ['another host', { ...received(CALL), authority: '10.0.0.3:3001' }, 'wrong signature'],
  ['another port', { ...received(CALL), authority: '10.0.0.2:3002' }, 'wrong signature'],
  ['a line break in the path', { ...received(CALL), path: '/a\n"@path": /orders/7/items' }, 'line break'],
  ['a line break in the query', { ...received(CALL), query: '?\n' }, 'line break'],
  ['a line break in the host', { ...received(CALL), authority: 'a\nb' }, 'line break'],
  ['a line break in the method', { ...received(CALL), method: 'GET\n' }, 'line break'],
  ['the digest of another body', withFields({ 'content-digest': contentDigest('{"quantity":1000}') }), 'wrong signature'],
  ['a body added to a request without', { ...received(PLAIN_CALL), hasBody: true }, 'body without digest'],
  [
    'a body and its digest added',
    { ...received(PLAIN_CALL, { ...signRequest(PLAIN_CALL), 'content-digest': contentDigest('x') }), hasBody: true },
    'malformed signature input',
  ],
  ['the body taken away', { ...received(CALL), hasBody: false }, 'digest without body'],
  ['the body and its digest taken away', { ...without('content-digest'), hasBody: false }, 'malformed signature input'],
  ['the digest taken away', without('content-digest'), 'body without digest'],
  ['a digest of another kind', withFields({ 'content-digest': 'sha-512=:AAAA:' }), 'malformed digest'],
  [
    'a second digest in the field',
    withFields({ 'content-digest': `${signed['content-digest']}, md5=:AAAA:` }),
    'malformed digest',
  ],
  ['another sender', withFields({ 'express-micro-sender': `cart/${THIRD}` }), 'wrong signature'],
  ['another service of the sender', withFields({ 'express-micro-sender': `admin/${CALLER}` }), 'wrong signature'],
  ['a sender that is none', withFields({ 'express-micro-sender': 'cart' }), 'malformed sender'],
  ['no sender', without('express-micro-sender'), 'not signed'],
  [
    'another target, ours',
    { ...received({ ...CALL, target: THIRD }, { ...signRequest({ ...CALL, target: THIRD }), 'express-micro-target': CALLED }) },
    'wrong signature',
  ],
  ['the target taken away', without('express-micro-target'), 'no target'],
  [
    'the target taken away from a message',
    received(
      MESSAGE,
      Object.fromEntries(Object.entries(signRequest(MESSAGE)).filter(([name]) => name !== 'express-micro-target')),
    ),
    'malformed signature input',
  ],
  [
    'a target added to a first contact',
    received(FIRST_CONTACT, { ...signRequest(FIRST_CONTACT), 'express-micro-target': CALLED }),
    'malformed signature input',
  ],
  ['a younger creation', withInput(input.replace(`created=${NOW}`, `created=${NOW + 1}`)), 'wrong signature'],
  ['another nonce', withInput(input.replace('AAAAAAAAAAAAAAAAAAAAAA', 'BAAAAAAAAAAAAAAAAAAAAA')), 'wrong signature'],
  ['another key id that is known', withInput(input.replace('"k1"', '"k2"')), 'wrong signature'],
  ['another key id that is not', withInput(input.replace('"k1"', '"k3"')), 'unknown key'],
  ['the name of a prototype as key id', withInput(input.replace('"k1"', '"__proto__"')), 'unknown key'],
  ['another tag', withInput(input.replace('-call"', '-discovery"')), 'malformed signature input'],
  ['another algorithm', withInput(input.replace('hmac-sha256', 'none')), 'malformed signature input'],
  ['another algorithm of the same length', withInput(input.replace('hmac-sha256', 'hmac-sha512')), 'malformed signature input'],
  [
    'another label',
    received(CALL, {
      ...signed,
      'signature-input': input.replace('micro=', 'other='),
      signature: signature.replace('micro=', 'other='),
    }),
    'malformed signature input',
  ],
  [
    'a second signature beside it',
    withFields({ 'signature-input': `${input}, sig2=("@method")`, signature: `${signature}, sig2=:AAAA:` }),
    'malformed signature input',
  ],
  ['a second signature before it', withFields({ 'signature-input': `sig2=("@method"), ${input}` }), 'malformed signature input'],
  ['a second signature in one field only', withFields({ signature: `${signature}, sig2=:AAAA:` }), 'wrong signature'],
  ['white space in the signature', withFields({ signature: signature.replace('=:', '=: ') }), 'wrong signature'],
  ['the signature spelled another way', withFields({ signature: signature.replace(/=:$/, ':') }), 'wrong signature'],
  ['an empty signature', withFields({ signature: 'micro=::' }), 'wrong signature'],
  ['no signature', without('signature'), 'malformed field'],
  ['no signature input', without('signature-input'), 'malformed field'],
  ['an empty signature input', withInput(''), 'malformed signature input'],
  [
    'two values of one field',
    { ...received(CALL), headers: { ...signed, signature: [signature, signature] } },
    'malformed field',
  ],
  ['two targets', { ...received(CALL), headers: { ...signed, 'express-micro-target': [CALLED, CALLED] } }, 'malformed field'],
  ['a second Host', twice('Host'), 'duplicate field'],
  ['a second Signature', twice('SIGNATURE'), 'duplicate field'],
  ['a second Signature-Input', twice('Signature-Input'), 'duplicate field'],
  ['a second Content-Digest', twice('Content-Digest'), 'duplicate field'],
  ['a second sender', twice('Express-Micro-Sender'), 'duplicate field'],
  ['a second target', twice('Express-Micro-Target'), 'duplicate field'],
];

const elsewhere: Case[] = [
  ['delivered to another instance', { ...received(CALL), self: THIRD }, 'other target'],
  ['delivered to an instance that was started again', { ...received(MESSAGE), self: THIRD }, 'other target'],
  ['61 s late', { ...received(CALL), nowSeconds: NOW + 61 }, 'outside the time window'],
  ['61 s early', { ...received(CALL), nowSeconds: NOW - 61 }, 'outside the time window'],
  ['at a time that is none', { ...received(CALL), nowSeconds: Number.NaN }, 'outside the time window'],
  ['where the key is another', { ...received(CALL), ring: parseKeys('k1:another-secret-entirely-012345') }, 'wrong signature'],
  ['where the key was removed', { ...received(CALL), ring: parseKeys('k9:another-secret-entirely-012345') }, 'unknown key'],
  ['a call as a message', { ...received(CALL), purpose: 'discovery' }, 'malformed signature input'],
  ['a message as a call', { ...received(MESSAGE), purpose: 'call' }, 'malformed signature input'],
  ['a first contact as a call', { ...received(FIRST_CONTACT), purpose: 'call' }, 'no target'],
  ['a message back to its sender', { ...received(FIRST_CONTACT), self: CALLER }, 'own message'],
];

/** Holding the key is no licence for another form: what another version or another program signs is not understood by guessing. */
const insiders: Case[] = [
  ['a call signed with the gossip key', insider(CALL, (params) => params, KEY.gossip), 'wrong signature'],
  ['a call signed with the token key', insider(CALL, (params) => params, KEY.token), 'wrong signature'],
  ['without the method', insider(CALL, (params) => params.replace('"@method" ', '')), 'malformed signature input'],
  ['without the host', insider(CALL, (params) => params.replace('"@authority" ', '')), 'malformed signature input'],
  ['without the query', insider(CALL, (params) => params.replace('"@query" ', '')), 'malformed signature input'],
  ['without the digest', insider(CALL, (params) => params.replace('"content-digest" ', '')), 'malformed signature input'],
  ['without the sender', insider(CALL, (params) => params.replace('"express-micro-sender" ', '')), 'malformed signature input'],
  ['without the target', insider(CALL, (params) => params.replace(' "express-micro-target"', '')), 'malformed signature input'],
  ['with nothing covered', insider(CALL, (params) => params.replace(/^\(.*?\)/, '()')), 'malformed signature input'],
  ['with another component', insider(CALL, (params) => params.replace(')', ' "accept")')), 'malformed signature input'],
  [
    'with a component twice',
    insider(CALL, (params) => params.replace('"@method"', '"@method" "@method"')),
    'malformed signature input',
  ],
  [
    'with one query parameter for all',
    insider(CALL, (params) => params.replace('"@query"', '"@query-param";name="limit"')),
    'malformed signature input',
  ],
  [
    'with components in another order',
    insider(CALL, (params) => params.replace('"@method" "@authority"', '"@authority" "@method"')),
    'malformed signature input',
  ],
  [
    'with parameters in another order',
    insider(CALL, (params) => params.replace(/(;created=\d+)(;nonce="\w+")/, '$2$1')),
    'malformed signature input',
  ],
  ['with another parameter', insider(CALL, (params) => `${params};expires=9999999999`), 'malformed signature input'],
  [
    'with a parameter twice',
    insider(CALL, (params) => params.replace(';keyid', `;created=${NOW};keyid`)),
    'malformed signature input',
  ],
  ['without a nonce', insider(CALL, (params) => params.replace(/;nonce="\w+"/, '')), 'malformed signature input'],
  ['with a short nonce', insider({ ...CALL, nonce: 'A'.repeat(21) }, (params) => params), 'malformed signature input'],
  ['with a long nonce', insider({ ...CALL, nonce: 'A'.repeat(23) }, (params) => params), 'malformed signature input'],
  [
    'with a nonce of other characters',
    insider({ ...CALL, nonce: 'A+/=AAAAAAAAAAAAAAAAAA' }, (params) => params),
    'malformed signature input',
  ],
  ['without a time', insider(CALL, (params) => params.replace(/;created=\d+/, '')), 'malformed signature input'],
  [
    'with a time that is a fraction',
    insider(CALL, (params) => params.replace(`${NOW}`, `${NOW}.5`)),
    'malformed signature input',
  ],
  ['with a time that is a text', insider(CALL, (params) => params.replace(`${NOW}`, `"${NOW}"`)), 'malformed signature input'],
  ['with a negative time', insider(CALL, (params) => params.replace(`${NOW}`, '-1')), 'malformed signature input'],
  [
    'with a time with a leading zero',
    insider(CALL, (params) => params.replace(`${NOW}`, `0${NOW}`)),
    'malformed signature input',
  ],
  ['with a huge time', insider(CALL, (params) => params.replace(`${NOW}`, '9'.repeat(400))), 'malformed signature input'],
  ['without an algorithm', insider(CALL, (params) => params.replace(';alg="hmac-sha256"', '')), 'malformed signature input'],
  ['without a tag', insider(CALL, (params) => params.replace(/;tag=.*$/, '')), 'malformed signature input'],
  ['with an empty key id', insider(CALL, (params) => params.replace('"k1"', '""')), 'malformed signature input'],
  ['with white space', insider(CALL, (params) => params.replace(';nonce', '; nonce')), 'malformed signature input'],
  ['with white space at the end', insider(CALL, (params) => `${params} `), 'malformed signature input'],
  ['a call to nobody in particular', received({ ...CALL, target: undefined }), 'no target'],
];

describe.each<[string, readonly Case[]]>([
  ['a request changed on its way', onTheWay],
  ['a request used elsewhere', elsewhere],
  ['a request signed in another form', insiders],
])('%s is refused', (_, cases) => {
  it.each(cases)('%s', (_name, request, reason) => {
    expect(verifyRequest(request)).toMatchObject({ ok: false, reason });
  });
});

describe('the cases above', () => {
  it('all begin with requests that are taken as they are', () => {
    for (const request of [CALL, PLAIN_CALL, MESSAGE, FIRST_CONTACT])
      expect(verifyRequest(received(request))).toMatchObject({ ok: true });
    expect(verifyRequest(insider(CALL, (params) => params))).toMatchObject({ ok: true });
    expect(verifyRequest(insider(MESSAGE, (params) => params, KEY.gossip))).toMatchObject({ ok: true });
  });
});

describe('a request seen before is refused', () => {
  const replay = (first: RequestToVerify, second: RequestToVerify): unknown => {
    expect(verifyRequest(first)).toMatchObject({ ok: true });
    return verifyRequest({ ...second, nonces: first.nonces });
  };
  const refused = { ok: false, reason: 'replayed' };

  it('when it comes again', () => {
    const request = received(CALL);
    expect(replay(request, request)).toEqual(refused);
  });

  it('until the last second in which its time is right', () => {
    const request = received({ ...CALL, createdSeconds: NOW + 60 });
    expect(replay(request, { ...request, nowSeconds: NOW + 120 })).toEqual(refused);
    expect(replay({ ...request, nonces: received(CALL).nonces }, { ...request, nowSeconds: NOW + 121 })).toEqual({
      ok: false,
      reason: 'outside the time window',
    });
  });

  it('when its nonce comes under another key', () => {
    expect(replay(received(CALL), received({ ...CALL, key: RING.keys[1] ?? KEY }))).toEqual(refused);
  });

  it('when its nonce comes with another request or time', () => {
    expect(replay(received(CALL), received({ ...CALL, path: '/other' }))).toEqual(refused);
    expect(replay(received(CALL), received({ ...CALL, createdSeconds: NOW + 60 }))).toEqual(refused);
  });

  it('when the clock was set forward and back again in between', () => {
    const request = received(CALL);
    expect(verifyRequest(request)).toMatchObject({ ok: true });
    const later = received({ ...CALL, createdSeconds: NOW + 3600, nonce: 'CCCCCCCCCCCCCCCCCCCCCC' });
    expect(verifyRequest({ ...later, nowSeconds: NOW + 3600, nonces: request.nonces })).toMatchObject({ ok: true });
    expect(verifyRequest(request)).toEqual(refused);
  });
});

describe('an answer is refused as a request', () => {
  it('when it is sent back to who answered', () => {
    const request = signRequest(FIRST_CONTACT);
    const answer = signResponse({
      key: KEY,
      status: 200,
      body: '{}',
      sender: CALLED,
      senderService: 'orders',
      request,
      createdSeconds: NOW,
    });
    expect(verifyRequest(received(FIRST_CONTACT, { ...request, ...answer }))).toEqual({
      ok: false,
      reason: 'malformed signature input',
    });
  });
});
