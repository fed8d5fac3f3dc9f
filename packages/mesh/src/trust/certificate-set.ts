import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { certificatesIn, type Pem } from './pem.ts';

/** What belongs together: authorities, a certificate and its key. Never changed; a renewal makes another one. */
export interface CertificateSet {
  readonly ca: readonly Pem[] | undefined;
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
}

/** What can be read of a set, to be compared and to be told; nothing of the key. */
export interface CertificateFacts {
  /** SHA-256 of the certificate; `undefined` where there is none. */
  readonly fingerprint: string | undefined;
  /** The same of all that is sent with it, itself first. */
  readonly chain: readonly string[];
  /** Its names, as Node writes them. */
  readonly names: string | undefined;
  readonly validUntil: string | undefined;
  /** SHA-256 of each authority. */
  readonly authorities: readonly string[];
}

export interface SetDemands {
  readonly nowMs: number;
  /** The service that a certificate names; set where names count. */
  readonly serviceOf?: ((names: string | undefined) => string | undefined) | undefined;
  /** The one that it has to name. */
  readonly service?: string | undefined;
}

/**
 * Whether a set may be put in force: its parts can be read, the key is that of the certificate, and the certificate holds now.
 * @throws Error that says which part is wrong, and nothing of the key
 */
export function checkSet(set: CertificateSet, demands: SetDemands): CertificateFacts {
  const authorities = (set.ca ?? []).flatMap((pem) => part('the authorities', () => certificatesIn(pem)));
  const chain = set.cert === undefined ? [] : part('the certificate', () => certificatesIn(set.cert as Pem));
  const [leaf] = chain;
  if (leaf !== undefined) checkLeaf(leaf, set, demands);
  // What OpenSSL refuses in the end (a key that is too short for it, a chain out of order) is refused here and not by a call.
  part('TLS', () => createSecureContext({ ...(set.ca && { ca: [...set.ca] }), cert: set.cert, key: set.key }));
  return {
    fingerprint: leaf?.fingerprint256,
    chain: chain.map(({ fingerprint256 }) => fingerprint256),
    names: leaf?.subjectAltName,
    validUntil: leaf?.validTo,
    authorities: authorities.map(({ fingerprint256 }) => fingerprint256),
  };
}

function checkLeaf(leaf: X509Certificate, { key }: CertificateSet, { nowMs, serviceOf, service }: SetDemands): void {
  const secret = part('the key', (): KeyObject => createPrivateKey(key ?? ''));
  if (!leaf.checkPrivateKey(secret)) throw new Error('the key is not that of the certificate');
  if (Date.parse(leaf.validTo) <= nowMs) throw new Error(`the certificate has expired (${leaf.validTo})`);
  if (Date.parse(leaf.validFrom) > nowMs) throw new Error(`the certificate does not hold yet (${leaf.validFrom})`);
  const named = serviceOf?.(leaf.subjectAltName);
  if (serviceOf !== undefined && service !== undefined && named !== service) {
    throw new Error(`the certificate is that of ${named ?? 'no service'} (${leaf.subjectAltName}), and not of ${service}`);
  }
}

function part<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${name}: ${(cause as Error).message}`, { cause });
  }
}
