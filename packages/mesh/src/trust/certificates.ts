import type { PeerCertificate } from 'node:tls';
import type { CertificateSet } from './certificate-set.ts';
import { serviceOfSpiffeId, spiffeIdOf } from './spiffe.ts';
import type { ResolvedTls } from './tls-options.ts';

/** What a TLS connection that this process makes is given; a part of what `tls.connect` takes. */
export interface ConnectTls {
  readonly ca?: (string | Buffer)[];
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** A connection, as far as it is asked for the certificate of its other side. */
interface CertifiedSocket {
  readonly authorized?: boolean;
  readonly getPeerCertificate?: () => Partial<PeerCertificate>;
}

export interface Certificates {
  /** For connections to this address. */
  connect(origin: string): ConnectTls;
  /** What speaks against `service` being at this address, to which there was a connection; `undefined` when nothing does. */
  misfit(origin: string, service: string): string | undefined;
  /** Whether whoever says to be `service` shows it by a certificate; everybody does where that is not asked. */
  confirms(socket: CertifiedSocket, service: string): boolean;
}

/** Addresses come and go, and as many are remembered as a fleet can have members. */
const MAX_SEEN = 4_096;

/**
 * Who the others are by their certificates. A name in a certificate is one of SPIFFE, and stands for a service, wherever
 * that runs: so host names in it are not compared.
 *
 * @param servicesAt those that discovery knows at an address
 * @param current what connections of this moment are given
 */
export function createCertificates(
  tls: ResolvedTls,
  servicesAt: (origin: string) => readonly string[],
  current: () => CertificateSet = () => tls,
): Certificates {
  const { trustDomain } = tls;
  let set: CertificateSet | undefined;
  let given: ConnectTls = {};
  const seen = new Map<string, string>();
  /** A certificate is its connection's for as long as that lasts. */
  const callers = new WeakMap<object, string | false>();

  const serviceIn = serviceNamesOf(tls);

  function givenNow(): ConnectTls {
    const now = current();
    if (now !== set) {
      const { ca, cert, key } = now;
      set = now;
      given = { ...(ca && { ca: [...ca] }), ...(cert && key && { cert, key }) };
    }
    return given;
  }

  function check(origin: string, subjectAltName: string | undefined): Error | undefined {
    const service = serviceIn(subjectAltName);
    if (service === undefined) {
      const has = subjectAltName === undefined ? 'no name' : subjectAltName;
      return new Error(`the certificate at ${origin} has no name of the trust domain ${trustDomain} (it has ${has})`);
    }
    const expected = servicesAt(origin);
    if (expected.length > 0 && !expected.includes(service)) {
      return new Error(`the certificate at ${origin} is that of ${service}, and not of ${expected.join(' or ')}`);
    }
    const [oldest] = seen.keys();
    if (seen.size >= MAX_SEEN && oldest !== undefined) seen.delete(oldest);
    seen.set(origin, service);
    return undefined;
  }

  function callerOn(socket: CertifiedSocket): string | false {
    let caller = callers.get(socket);
    if (caller === undefined) {
      caller = (socket.authorized === true && serviceIn(socket.getPeerCertificate?.().subjectaltname)) || false;
      callers.set(socket, caller);
    }
    return caller;
  }

  return {
    connect: (origin) =>
      trustDomain === undefined
        ? givenNow()
        : { ...givenNow(), checkServerIdentity: (_host, certificate) => check(origin, certificate.subjectaltname) },
    misfit(origin, service) {
      const certified = seen.get(origin);
      if (trustDomain === undefined || certified === service) return undefined;
      return certified === undefined ? 'nobody shows a certificate there' : `the certificate there is that of ${certified}`;
    },
    confirms: (socket, service) => trustDomain === undefined || callerOn(socket) === service,
  };
}

/** Reads the service that the names of a certificate speak for, as `tls` says. */
export function serviceNamesOf({ trustDomain, serviceOf }: ResolvedTls): (names: string | undefined) => string | undefined {
  return (names) => {
    const id = spiffeIdOf(names);
    if (id === undefined || trustDomain === undefined) return undefined;
    const service = serviceOfSpiffeId(id, trustDomain);
    return service === undefined || serviceOf === undefined ? service : serviceOf(id);
  };
}
