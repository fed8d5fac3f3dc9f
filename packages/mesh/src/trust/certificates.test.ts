import type { PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type Certificates, createCertificates } from './certificates.ts';
import type { ResolvedTls } from './tls-options.ts';

const ORIGIN = 'https://10.0.0.7:3000';
const tls = (more: Partial<ResolvedTls> = {}): ResolvedTls => ({
  ca: undefined,
  cert: 'certificate',
  key: 'key',
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  trustDomain: 'shop.example',
  serviceOf: undefined,
  ...more,
});
const named = (id: string) => ({ subjectaltname: `URI:${id}` }) as PeerCertificate;
const orders = named('spiffe://shop.example/orders');

function check(certificates: Certificates, certificate: PeerCertificate): string | undefined {
  return certificates.connect(ORIGIN).checkServerIdentity?.('10.0.0.7', certificate)?.message;
}

describe('the certificate of an address', () => {
  it('may be that of any service of the trust domain while nobody is known there, and is remembered', () => {
    const certificates = createCertificates(tls(), () => []);
    expect(certificates.misfit(ORIGIN, 'orders')).toMatch(/nobody shows a certificate/);
    expect(check(certificates, orders)).toBeUndefined();
    expect(certificates.misfit(ORIGIN, 'orders')).toBeUndefined();
    expect(certificates.misfit(ORIGIN, 'payments')).toMatch(/is that of orders/);
  });

  it('is that of a service that is known there', () => {
    const certificates = createCertificates(tls(), () => ['payments', 'orders']);
    expect(check(certificates, orders)).toBeUndefined();
    expect(
      check(
        createCertificates(tls(), () => ['payments']),
        orders,
      ),
    ).toMatch(/that of orders, and not of payments/);
  });

  it('with no name of the trust domain is refused, with what it has', () => {
    const certificates = createCertificates(tls(), () => []);
    expect(check(certificates, named('spiffe://other.example/orders'))).toMatch(
      /no name of the trust domain shop\.example.*other/,
    );
    expect(check(certificates, {} as PeerCertificate)).toMatch(/it has no name/);
    expect(certificates.misfit(ORIGIN, 'orders')).toBeDefined();
  });

  it('is read as the app says, but never outside of the trust domain', () => {
    const certificates = createCertificates(tls({ serviceOf: (id) => id.split('/sa/')[1]?.replace('-account', '') }), () => []);
    expect(check(certificates, named('spiffe://shop.example/ns/default/sa/orders-account'))).toBeUndefined();
    expect(certificates.misfit(ORIGIN, 'orders')).toBeUndefined();
    expect(check(certificates, named('spiffe://evil.example/ns/default/sa/orders-account'))).toMatch(/no name/);
  });

  it('is Node’s to check where there is no trust domain', () => {
    const certificates = createCertificates(tls({ trustDomain: undefined, ca: ['authority'] }), () => []);
    expect(certificates.connect(ORIGIN)).toEqual({ ca: ['authority'], cert: 'certificate', key: 'key' });
    expect(certificates.misfit(ORIGIN, 'orders')).toBeUndefined();
  });
});

describe('the certificate of a caller', () => {
  const socket = (certificate: Partial<PeerCertificate>, authorized = true) => ({
    authorized,
    getPeerCertificate: () => certificate,
  });

  it('confirms the service that it names, and no other', () => {
    const { confirms } = createCertificates(tls(), () => []);
    expect(confirms(socket(orders), 'orders')).toBe(true);
    expect(confirms(socket(orders), 'payments')).toBe(false);
  });

  it('confirms nobody when it was not verified, is none, or the connection is no TLS', () => {
    const { confirms } = createCertificates(tls(), () => []);
    expect(confirms(socket(orders, false), 'orders')).toBe(false);
    expect(confirms(socket({}), 'orders')).toBe(false);
    expect(confirms({}, 'orders')).toBe(false);
  });

  it('is not asked for without a trust domain', () => {
    expect(createCertificates(tls({ trustDomain: undefined }), () => []).confirms({}, 'orders')).toBe(true);
  });
});
