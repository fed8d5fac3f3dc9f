import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '@express-micro/core';
import { type MeshError, meshError } from '../errors.ts';
import { FILE_POLL_MS, fileStamp, GONE, type Renewed, type RenewedBy } from '../renewable-file.ts';
import { type CertificateFacts, type CertificateSet, checkSet, type SetDemands } from './certificate-set.ts';
import type { ResolvedTls } from './tls-options.ts';

export interface CertificateFilesOptions {
  readonly tls: ResolvedTls;
  readonly clock: Clock;
  /** The service that a certificate names; set where names count. */
  readonly serviceOf: SetDemands['serviceOf'];
  onTaken(taken: CertificatesTaken): void;
  /** What was found is not used, and what there was stays in force. */
  onRefused(error: MeshError, by: RenewedBy): void;
}

export interface CertificatesTaken {
  readonly set: CertificateSet;
  readonly facts: CertificateFacts;
  readonly before: CertificateFacts;
  readonly by: RenewedBy;
}

export interface CertificateFiles {
  /** What is in force now. */
  readonly set: CertificateSet;
  /** `undefined` where everything was given as text. */
  readonly facts: CertificateFacts | undefined;
  /** Reads them now. */
  reload(): Renewed;
  close(): void;
}

/** Bundles of all the authorities of the world have a quarter of a megabyte. */
const MAX_BYTES = 4_194_304;
/** Whoever asks by a signal has written before; a swap that goes on meanwhile takes no longer than this. */
const READINGS = 3;

/**
 * Authorities, certificate and key of `tls`, of which those that were given as paths are followed: read again every second in
 * which a file changed, and when told to. What is read is put in force only as a whole that fits together.
 *
 * @throws MESH_CERTIFICATE_REFUSED
 */
export function openCertificates(options: CertificateFilesOptions): CertificateFiles {
  const { clock, serviceOf } = options;
  const tls = withAbsolutePaths(options.tls);
  const paths = [tls.caFile, tls.certFile, tls.keyFile].flatMap((path) => path ?? []);
  if (paths.length === 0) return { set: tls, facts: undefined, reload: () => 'unchanged', close: () => {} };
  const stampNow = () => paths.map(fileStamp).join('|');

  const read = (service: string | undefined): Reading => {
    const stamp = stampNow();
    try {
      const set: CertificateSet = Object.freeze({
        ca: tls.caFile === undefined ? tls.ca : [readPemFile(tls.caFile)],
        cert: tls.certFile === undefined ? tls.cert : readPemFile(tls.certFile),
        key: tls.keyFile === undefined ? tls.key : readPemFile(tls.keyFile),
      });
      const facts = checkSet(set, { nowMs: clock.epochMs(), serviceOf, service });
      // The three of one moment: a link that was swapped between two of them gives parts of two sets.
      if (stampNow() !== stamp) throw new Error('they were changed while they were read');
      return { stamp, set, facts };
    } catch (error) {
      return { stamp, problem: refused(paths, error as Error) };
    }
  };

  const opened = read(undefined);
  if ('problem' in opened) throw opened.problem;
  let { set, facts, stamp } = opened;
  /** What was wrong at the last look, and whether it was said. A renewal in steps is no mistake: only what stays wrong is. */
  let wrong: { readonly stamp: string; readonly isTold: boolean } | undefined;

  let isClosed = false;

  const take = (reading: Good, by: RenewedBy): Renewed => {
    wrong = undefined;
    stamp = reading.stamp;
    if (isSame(reading.facts, facts)) return 'unchanged';
    const before = facts;
    ({ set, facts } = reading);
    options.onTaken({ set, facts, before, by });
    return 'taken';
  };
  const ourService = () => serviceOf?.(facts.names);

  const timer = clock.every(FILE_POLL_MS, () => {
    if (stampNow() === stamp) {
      wrong = undefined;
      return;
    }
    const reading = read(ourService());
    if (!('problem' in reading)) {
      take(reading, 'file');
      return;
    }
    const isSeenBefore = wrong?.stamp === reading.stamp;
    if (isSeenBefore && wrong?.isTold === false) options.onRefused(reading.problem, 'file');
    wrong = { stamp: reading.stamp, isTold: isSeenBefore };
  });

  return {
    get set() {
      return set;
    },
    get facts() {
      return facts;
    },
    reload() {
      if (isClosed) return 'unchanged';
      let reading = read(ourService());
      for (let again = 1; again < READINGS && 'problem' in reading && reading.stamp !== stampNow(); again += 1) {
        reading = read(ourService());
      }
      if (!('problem' in reading)) return take(reading, 'signal');
      wrong = { stamp: reading.stamp, isTold: true };
      options.onRefused(reading.problem, 'signal');
      return 'refused';
    },
    close() {
      isClosed = true;
      timer.stop();
    },
  };
}

/** The folder of the process may change while it runs. */
function withAbsolutePaths(tls: ResolvedTls): ResolvedTls {
  const absolute = (file: string | undefined) => (file === undefined ? undefined : resolve(file));
  return { ...tls, caFile: absolute(tls.caFile), certFile: absolute(tls.certFile), keyFile: absolute(tls.keyFile) };
}

interface Good {
  readonly stamp: string;
  readonly set: CertificateSet;
  readonly facts: CertificateFacts;
}

type Reading = Good | { readonly stamp: string; readonly problem: MeshError };

function isSame(one: CertificateFacts, other: CertificateFacts): boolean {
  return one.chain.join() === other.chain.join() && one.authorities.join() === other.authorities.join();
}

/** Without O_NONBLOCK opening a FIFO waits for a writer for ever. */
function readPemFile(path: string): Buffer {
  if (fileStamp(path) === GONE) throw new Error(`${path} does not exist, or cannot be reached`);
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error(`${path} is no regular file`);
    if (stat.size > MAX_BYTES) throw new Error(`${path} has ${stat.size} bytes; at most ${MAX_BYTES} are read`);
    if (stat.size === 0) throw new Error(`${path} is empty`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function refused(paths: readonly string[], cause: Error): MeshError {
  const message = `The certificate files (${paths.join(', ')}) cannot be used: ${cause.message}. Put a certificate, its key and its authorities there that fit together; they are read again when they change.`;
  return meshError('MESH_CERTIFICATE_REFUSED', message, { cause });
}
