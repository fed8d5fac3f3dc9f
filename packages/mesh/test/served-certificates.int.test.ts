import { X509Certificate } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { expect, it } from 'vitest';
import { createAuthority } from '../../../test/engines/openssl.ts';
import { checkSet } from '../src/trust/certificate-set.ts';
import { createServedCertificates } from '../src/trust/served-certificates.ts';

const authority = createAuthority();
const [one, two, three] = ['one', 'two', 'three'].map((name) => ({ ca: [authority.ca], ...authority.issue(`DNS:${name}`) }));
const factsOf = (set: typeof one) => checkSet(set as NonNullable<typeof one>, { nowMs: Date.now() });
const shown = (server: https.Server) => new X509Certificate((server as unknown as { cert: string }).cert).subjectAltName;

it('a server that cannot take what is new keeps what it has, the others take it, and the next renewal finds it again', () => {
  const [stubborn, willing] = [https.createServer({ ...one }), https.createServer({ ...one })];
  const served = createServedCertificates(factsOf(one));
  served.serve(stubborn);
  served.serve(willing);
  const { setSecureContext } = stubborn;
  stubborn.setSecureContext = (options) => {
    Object.assign(stubborn, { cert: options.cert, key: options.key });
    throw new Error('ee key too small');
  };
  const refusals: string[] = [];
  const renew = (set: typeof one) =>
    served.renew(set as NonNullable<typeof one>, factsOf(set), ({ message }) => refusals.push(message));
  expect(renew(two)).toBe(1);
  expect([refusals, shown(stubborn), shown(willing)]).toEqual([['ee key too small'], 'DNS:one', 'DNS:two']);
  stubborn.setSecureContext = setSecureContext;
  expect(renew(three)).toBe(2);
  expect([shown(stubborn), shown(willing)]).toEqual(['DNS:three', 'DNS:three']);
});

it('a server that was made with the files of a renewal ago, or of none yet, is followed all the same; one that is forgotten is not', () => {
  const served = createServedCertificates(factsOf(one));
  const renew = (set: typeof one) => served.renew(set as NonNullable<typeof one>, factsOf(set), () => expect.unreachable());
  served.serve(http.createServer());
  expect(renew(two)).toBe(0);
  const late = https.createServer({ ...one });
  const forget = served.serve(late);
  expect(renew(three)).toBe(1);
  expect(shown(late)).toBe('DNS:three');
  forget();
  expect(renew(one)).toBe(0);
});

it('a server with a certificate of its own that asks by the same authorities follows those alone', () => {
  const other = createAuthority();
  const own = other.issue('DNS:public');
  const server = https.createServer({ ...own, ca: authority.ca, requestCert: true, ticketKeys: Buffer.alloc(48, 1) });
  const served = createServedCertificates(factsOf(one));
  served.serve(server);
  const next = { ...(two as NonNullable<typeof two>), ca: [other.ca] };
  const before = server.getTicketKeys();
  expect(served.renew(next, factsOf(next), () => expect.unreachable())).toBe(1);
  expect(shown(server)).toBe('DNS:public');
  expect((server as unknown as { ca: string[] }).ca).toEqual([other.ca]);
  // A session of the former authorities cannot be resumed.
  expect(server.getTicketKeys().equals(before)).toBe(false);
});
