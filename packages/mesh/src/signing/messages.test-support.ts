import { type Key, type KeyRing, parseKeys } from '../secret/key-ring.ts';
import { createNonceStore } from './nonce-store.ts';
import { type RequestToSign, type RequestToVerify, signRequest } from './signature.ts';

/** A fleet of two for the tests of signatures: what is sent, and what its receiver sees when nobody interferes. */
export const SECRET = 'the-secret-of-the-fleet-0123456789';
export const RING: KeyRing = parseKeys(`k1:${SECRET},k2:another-secret-of-the-fleet-0123`);
export const KEY: Key = RING.primary;
export const NOW = 1_700_000_000;
export const CALLER = '11111111111111111111111111111111';
export const CALLED = '22222222222222222222222222222222';
export const THIRD = '33333333333333333333333333333333';
const NONCE = 'AAAAAAAAAAAAAAAAAAAAAA';
export const BODY = '{"quantity":1}';

export const CALL: RequestToSign = {
  key: KEY,
  purpose: 'call',
  method: 'POST',
  authority: '10.0.0.2:3001',
  path: '/orders/7/items',
  query: '?limit=10&offset=20',
  body: BODY,
  sender: CALLER,
  senderService: 'cart',
  target: CALLED,
  createdSeconds: NOW,
  nonce: NONCE,
};
export const PLAIN_CALL: RequestToSign = { ...CALL, method: 'GET', body: undefined };
export const MESSAGE: RequestToSign = { ...CALL, purpose: 'discovery', path: '/_discovery/ping', query: '?' };
export const FIRST_CONTACT: RequestToSign = { ...MESSAGE, path: '/_discovery/register', target: undefined };

/** The receiver's side of a request that was signed and delivered as it was. */
export function received(signed: RequestToSign, fields: Record<string, string> = signRequest(signed)): RequestToVerify {
  const { method, authority, path, query, purpose, body } = signed;
  const headers = { host: authority, accept: '*/*', ...fields };
  return {
    ring: RING,
    purpose,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    method,
    authority,
    path,
    query,
    hasBody: body !== undefined && body.length > 0,
    self: CALLED,
    nowSeconds: NOW,
    nonces: createNonceStore(),
  };
}
