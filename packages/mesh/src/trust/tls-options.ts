import { functionOption, type Option, OptionProblem } from '@express-micro/core';
import type { Pem } from './pem.ts';
import { isTrustDomain } from './spiffe.ts';

/**
 * TLS to the others, and who they are by their certificates. The app's own server is the app's: `https.createServer(…)`.
 *
 * What is given as a path is followed: a file that is renewed (cert-manager, SPIRE, certbot) is in force within two seconds,
 * without a restart and without a failed call, also at servers of the app that show the same certificate.
 */
export interface TlsOptions {
  /** Certificate authorities whose certificates the others have, in PEM. @default those of Node */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The file in which they are, in place of `ca`. @default none */
  readonly caFile?: string | undefined;
  /** The certificate of this service, with its chain, shown to whoever asks for one; in PEM. @default none */
  readonly cert?: Pem | undefined;
  /** Its private key. @default none */
  readonly key?: Pem | undefined;
  /** The files of both, in place of `cert` and `key`. @default none */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /**
   * Turns mutual TLS on: others count as who they say they are only by a certificate with a name such as
   * `spiffe://<trustDomain>/order-service`. Host names in certificates are not looked at then. The app's server has to ask
   * for certificates: `requestCert: true`. @default none
   */
  readonly trustDomain?: string | undefined;
  /** Which service a SPIFFE ID speaks for. @default the last part of its path */
  readonly serviceOf?: ((id: string) => string | undefined) | undefined;
}

export interface ResolvedTls {
  readonly ca: readonly Pem[] | undefined;
  readonly caFile: string | undefined;
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly trustDomain: string | undefined;
  readonly serviceOf: ((id: string) => string | undefined) | undefined;
}

export const TLS_OPTIONS: { readonly [K in keyof ResolvedTls]: Option<ResolvedTls[K]> } = {
  ca: {
    takes: 'PEM text of one or more certificates, a Buffer of it, or a list of them',
    isSecret: true,
    fallback: () => undefined,
    read: (value) => {
      const all = Array.isArray(value) ? value : [value];
      if (all.length === 0) throw new OptionProblem();
      return Object.freeze(all.map((one: unknown) => readPem(one, 'CERTIFICATE')));
    },
  },
  cert: pemOption('PEM text of a certificate, or a Buffer of it', 'CERTIFICATE'),
  key: pemOption('PEM text of a private key, or a Buffer of it', 'PRIVATE KEY'),
  caFile: pathOption(),
  certFile: pathOption(),
  keyFile: pathOption(),
  trustDomain: {
    takes: 'a name such as "shop.example", without "spiffe://"',
    fallback: () => undefined,
    read: (value) => {
      if (!isTrustDomain(value)) throw new OptionProblem();
      return value;
    },
  },
  serviceOf: functionOption<(id: string) => string | undefined>('a function (id: string) => string | undefined'),
};

/** @throws OptionProblem where parts are there that mean nothing without each other */
export function checkTls(tls: ResolvedTls): ResolvedTls {
  if ((tls.cert === undefined) !== (tls.key === undefined)) throw new OptionProblem('"cert" and "key" come together');
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined))
    throw new OptionProblem('"certFile" and "keyFile" come together');
  if (tls.ca !== undefined && tls.caFile !== undefined) throw new OptionProblem('of "ca" and "caFile" there is one');
  if (tls.cert !== undefined && tls.certFile !== undefined)
    throw new OptionProblem('of "cert" and "certFile" there is one, with its key');
  if (tls.trustDomain !== undefined && tls.cert === undefined && tls.certFile === undefined) {
    throw new OptionProblem(
      '"trustDomain" needs "cert" and "key" (or "certFile" and "keyFile"), because the others ask for them',
    );
  }
  if (tls.serviceOf !== undefined && tls.trustDomain === undefined) throw new OptionProblem('"serviceOf" needs "trustDomain"');
  return tls;
}

function pemOption(takes: string, kind: string): Option<Pem | undefined> {
  return { takes, isSecret: true, fallback: () => undefined, read: (value) => readPem(value, kind) };
}

function pathOption(): Option<string | undefined> {
  return {
    isSecret: true,
    takes: 'the path of a file in PEM',
    fallback: () => undefined,
    read: (value) => {
      if (typeof value !== 'string' || value === '' || value.includes('\0')) throw new OptionProblem('no path');
      if (value.includes('-----BEGIN'))
        throw new OptionProblem('the content of a file; give its path, or use the option without "File"');
      return value;
    },
  };
}

function readPem(value: unknown, kind: string): Pem {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) throw new OptionProblem('neither text nor a Buffer');
  if (!new RegExp(`-----BEGIN (?:[A-Z]+ )*${kind}-----`).test(value.toString('latin1'))) {
    throw new OptionProblem(
      `nothing in it begins with "-----BEGIN ${kind}-----"; give the content of the file, or its path as caFile, certFile, keyFile`,
    );
  }
  return value;
}
