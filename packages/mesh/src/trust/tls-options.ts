import { functionOption, type Option, OptionProblem } from '@express-micro/core';
import { isTrustDomain } from './spiffe.ts';

type Pem = string | Buffer;

/** TLS to the others, and who they are by their certificates. The app's own server is the app's: `https.createServer(…)`. */
export interface TlsOptions {
  /** Certificate authorities whose certificates the others have, in PEM. @default those of Node */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The certificate of this service, with its chain, shown to whoever asks for one; in PEM. @default none */
  readonly cert?: Pem | undefined;
  /** Its private key. @default none */
  readonly key?: Pem | undefined;
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
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
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
  if (tls.trustDomain !== undefined && tls.cert === undefined) {
    throw new OptionProblem('"trustDomain" needs "cert" and "key", because the others ask for them');
  }
  if (tls.serviceOf !== undefined && tls.trustDomain === undefined) throw new OptionProblem('"serviceOf" needs "trustDomain"');
  return tls;
}

function pemOption(takes: string, kind: string): Option<Pem | undefined> {
  return { takes, isSecret: true, fallback: () => undefined, read: (value) => readPem(value, kind) };
}

function readPem(value: unknown, kind: string): Pem {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) throw new OptionProblem('neither text nor a Buffer');
  if (!new RegExp(`-----BEGIN (?:[A-Z]+ )*${kind}-----`).test(value.toString('latin1'))) {
    throw new OptionProblem(`nothing in it begins with "-----BEGIN ${kind}-----"; give the content of the file, not its path`);
  }
  return value;
}
