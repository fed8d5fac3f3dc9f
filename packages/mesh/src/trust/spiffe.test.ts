import { describe, expect, it } from 'vitest';
import { isTrustDomain, serviceOfSpiffeId, spiffeIdOf } from './spiffe.ts';

describe('the SPIFFE ID of a certificate', () => {
  it('is its one URI, among names of other kinds', () => {
    expect(spiffeIdOf('URI:spiffe://shop.example/orders')).toBe('spiffe://shop.example/orders');
    expect(spiffeIdOf('DNS:orders.local, URI:spiffe://shop.example/orders, IP Address:127.0.0.1')).toBe(
      'spiffe://shop.example/orders',
    );
  });

  it.each([
    ['no names', undefined],
    ['an empty list', ''],
    ['no URI', 'DNS:orders.local'],
    ['two URIs', 'URI:spiffe://shop.example/orders, URI:spiffe://shop.example/payments'],
    ['a URI inside of a quoted name', 'DNS:"orders, URI:spiffe://shop.example/payments"'],
    ['a text that is no such list', 'URI:spiffe://shop.example/orders,URI:x'],
    ['a quote that does not end', 'DNS:"orders, URI:spiffe://shop.example/orders'],
  ])('is none for %s', (_what, names) => {
    expect(spiffeIdOf(names)).toBeUndefined();
  });

  it('beside a quoted name that looks like one is the one outside', () => {
    const names = String.raw`DNS:"a\", URI:spiffe://shop.example/payments", URI:spiffe://shop.example/orders`;
    expect(spiffeIdOf(names)).toBe('spiffe://shop.example/orders');
  });
});

describe('the service of a SPIFFE ID', () => {
  it('is the last part of its path', () => {
    expect(serviceOfSpiffeId('spiffe://shop.example/order-service', 'shop.example')).toBe('order-service');
    expect(serviceOfSpiffeId('spiffe://shop.example/ns/default/sa/order-service', 'shop.example')).toBe('order-service');
  });

  it.each([
    'spiffe://shop.example',
    'spiffe://shop.example/',
    'spiffe://shop.example/orders/',
    'spiffe://shop.example//orders',
    'spiffe://shop.example/../orders',
    'spiffe://shop.example/orders?a=1',
    'spiffe://shop.example/orders#a',
    'spiffe://shop.example/%6frders',
    'spiffe://shop.example.evil/orders',
    'spiffe://evil@shop.example/orders',
    'spiffe://other.example/orders',
    'SPIFFE://shop.example/orders',
    'https://shop.example/orders',
    `spiffe://shop.example/${'a'.repeat(3_000)}`,
  ])('is none for %s', (id) => {
    expect(serviceOfSpiffeId(id, 'shop.example')).toBeUndefined();
  });
});

it('a trust domain has small letters, digits and three signs', () => {
  for (const name of ['shop.example', 'a', 'a_b-c.9']) expect(isTrustDomain(name)).toBe(true);
  for (const name of ['', 'Shop', 'spiffe://shop', 'a/b', 'a:1', 'a b', 7, undefined]) expect(isTrustDomain(name)).toBe(false);
});
