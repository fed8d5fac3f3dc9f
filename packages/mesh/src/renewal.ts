import type { Server } from 'node:net';
import type { Log } from '@express-micro/core';
import type { MeshError } from './errors.ts';
import type { MeshNews } from './mesh-events.ts';
import type { Renewed, RenewedBy } from './renewable-file.ts';
import type { KeyChange } from './secret/rotation.ts';
import { openSecret, type Secret, type SecretOptions } from './secret/secret.ts';
import { type CertificatesTaken, openCertificates } from './trust/certificate-files.ts';
import type { CertificateSet } from './trust/certificate-set.ts';
import { serviceNamesOf } from './trust/certificates.ts';
import type { ConnectionAges } from './trust/connection-ages.ts';
import type { Pem } from './trust/pem.ts';
import { createServedCertificates } from './trust/served-certificates.ts';
import type { ResolvedTls } from './trust/tls-options.ts';

export interface RenewalOptions extends Pick<SecretOptions, 'env' | 'tmpdir' | 'uid' | 'clock' | 'random'> {
  readonly tls: ResolvedTls;
  readonly ages: ConnectionAges;
  readonly log: Log;
  readonly news: MeshNews;
  /** Connections to others begin anew. */
  readonly renewConnections: () => void;
  /** Authorities were taken away: links from others begin anew. */
  readonly renewLinks: () => void;
}

/** What of the option `tls` is in force now, in the form that `https.createServer` takes. It holds the private key. */
export interface ServerCertificates {
  readonly ca?: Pem[];
  readonly cert?: Pem;
  readonly key?: Pem;
}

/** What this process proves itself with and how it comes to be another, one way for each reason that there is. */
export interface Renewal {
  readonly secret: Secret;
  /** Follows the certificates at this server of the app. Answers how to stop. */
  serve(server: Server): () => void;
  /** The certificates in force. */
  set(): CertificateSet;
  forServer(): ServerCertificates;
  /** Reads all that came from files, and the environment, once more. */
  reload(): void;
  close(): void;
}

/** @throws MESH_KEY_INVALID, MESH_KEY_FILE_REFUSED, MESH_CERTIFICATE_REFUSED */
export function openRenewal(options: RenewalOptions): Renewal {
  const { tls, ages, log, news, clock } = options;

  function refused(what: 'keys' | 'certificates', error: Error, by: RenewedBy): void {
    const stays = `The ${what} stay as they were.`;
    log.warn(`${because(by)}${error.message}${error.message.includes(stays) ? '' : ` ${stays}`}`);
    news.tell('renewal', { what, outcome: 'refused', by, error: error as MeshError });
  }

  const secret = openSecret({
    ...options,
    onRotated(_ring, change, by) {
      log.info(`${because(by)}the keys were renewed: ${wordsFor(change)}`);
      news.tell('renewal', { what: 'keys', outcome: 'taken', by, ...change });
    },
    onProblem: (error, by) => refused('keys', error, by),
  });

  function taken({ set, facts, before, by }: CertificatesTaken): void {
    options.renewConnections();
    const servers = served.renew(set, facts, ({ message }) =>
      log.error(`a server of this app cannot take the renewed certificates, and keeps the former ones: ${message}`),
    );
    if (before.authorities.some((authority) => !facts.authorities.includes(authority))) {
      ages.turn();
      options.renewLinks();
    }
    const names = facts.names ?? 'authorities only';
    const until = facts.validUntil === undefined ? '' : `, valid until ${facts.validUntil}`;
    log.info(`${because(by)}the certificates were renewed: ${names}${until}; servers that show them: ${servers}`);
    news.tell('renewal', { what: 'certificates', outcome: 'taken', by, validUntil: facts.validUntil, servers });
  }

  let files: ReturnType<typeof openCertificates>;
  try {
    files = openCertificates({
      tls,
      clock,
      serviceOf: tls.trustDomain === undefined ? undefined : serviceNamesOf(tls),
      onTaken: taken,
      onRefused: (error, by) => refused('certificates', error, by),
    });
  } catch (error) {
    secret.close();
    throw error;
  }
  const served = createServedCertificates(files.facts);

  return {
    secret,
    serve(server) {
      if (files.facts === undefined) return () => {};
      const forget = served.serve(server);
      const unwatch = tls.caFile === undefined ? () => {} : ages.watch(server);
      return () => {
        unwatch();
        forget();
      };
    },
    set: () => files.set,
    forServer() {
      const { ca, cert, key } = files.set;
      return { ...(ca && { ca: [...ca] }), ...(cert && key && { cert, key }) };
    },
    reload() {
      const outcomes: Record<string, Renewed> = { keys: secret.reload() };
      if (files.facts !== undefined) outcomes.certificates = files.reload();
      const unchanged = Object.keys(outcomes).filter((what) => outcomes[what] === 'unchanged');
      if (unchanged.length > 0) log.info(`read again, and as it was: ${unchanged.join(', ')}`);
    },
    close() {
      secret.close();
      files.close();
    },
  };
}

function because(by: RenewedBy): string {
  return by === 'signal' ? 'read again: ' : '';
}

function wordsFor({ signs, added, retired }: KeyChange): string {
  const list = (ids: readonly string[]) => (ids.length === 0 ? 'none' : ids.join(', '));
  return `new ${list(added)}; gone ${list(retired)}, which verify for a minute more; signs with ${signs}, once the others had time to learn it`;
}
