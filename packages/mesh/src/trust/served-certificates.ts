import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import { type TlsOptions, Server as TlsServer } from 'node:tls';
import type { CertificateFacts, CertificateSet } from './certificate-set.ts';
import { certificatesIn, type Pem } from './pem.ts';

/** What a TLS server keeps of what it was made with. Not documented, and the same in every version since 12. */
interface Made {
  readonly cert?: Pem | readonly Pem[];
  readonly ca?: Pem | readonly Pem[];
  readonly key?: unknown;
  readonly passphrase?: string;
  readonly ticketKeys?: Buffer;
}

export interface ServedCertificates {
  /** Answers how to forget it. */
  serve(server: Server): () => void;
  /** Gives new connections what is in force now. @param onRefused told of each server that stays with what it has @returns how many took it */
  renew(set: CertificateSet, facts: CertificateFacts, onRefused: (error: Error) => void): number;
}

/**
 * Servers of the app that show the certificate of `certFile`, or ask for those of `caFile`, follow these files too. A server
 * with anything else (the certificate for browsers, say) is the app's alone, and each of both is looked at by itself.
 * Connections that are open stay as they are.
 */
export function createServedCertificates(first: CertificateFacts | undefined): ServedCertificates {
  const servers = new Set<TlsServer>();
  // Those of former sets too: an app may have read the files for its server a renewal ago.
  const certificates = new Set<string>();
  const authorities = new Set<string>();
  const remember = (facts: CertificateFacts) => {
    if (facts.fingerprint !== undefined) certificates.add(facts.fingerprint);
    if (facts.authorities.length > 0) authorities.add(wordFor(facts.authorities));
  };
  if (first !== undefined) remember(first);

  return {
    serve(server) {
      if (!(server instanceof TlsServer)) return () => {};
      servers.add(server);
      return () => servers.delete(server);
    },
    renew({ ca, cert, key }, facts, onRefused) {
      remember(facts);
      let count = 0;
      for (const server of servers) {
        const made = server as Made;
        const [shown] = fingerprintsOf(made.cert);
        const isOurs = shown !== undefined && certificates.has(shown);
        const asksOurs = made.ca !== undefined && ca !== undefined && authorities.has(wordFor(fingerprintsOf(made.ca)));
        if (!isOurs && !asksOurs) continue;
        const before: Made = { ...made };
        try {
          server.setSecureContext({
            ...(before as TlsOptions),
            ...(isOurs && { cert, key, passphrase: undefined }),
            ...(asksOurs && { ca: [...ca] }),
          });
          // A session that is resumed is not verified again. Node draws new keys for them, unless the app gave some.
          if (asksOurs && made.ticketKeys !== undefined) server.setTicketKeys(randomBytes(48));
          count += 1;
        } catch (error) {
          // It has noted what it could not take: the next renewal is to find what it shows.
          Object.assign(server, { cert: before.cert, key: before.key, ca: before.ca, passphrase: before.passphrase });
          onRefused(error as Error);
        }
      }
      return count;
    },
  };
}

function fingerprintsOf(pem: Pem | readonly Pem[] | undefined): string[] {
  if (pem === undefined) return [];
  try {
    return [pem].flat().flatMap((one) => certificatesIn(one as Pem).map(({ fingerprint256 }) => fingerprint256));
  } catch {
    return [];
  }
}

function wordFor(fingerprints: readonly string[]): string {
  return [...fingerprints].sort().join();
}
