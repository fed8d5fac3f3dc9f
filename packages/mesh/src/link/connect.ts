import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Credentials } from '../signing/credentials.ts';
import { guardedLookup } from '../transport/lookup.ts';
import type { ConnectTls } from '../trust/certificates.ts';
import { LINK_PATH, LINK_PROTOCOL, LINK_VERSION, SEALED } from './protocol.ts';
import type { SealKeys } from './seal.ts';

export interface ConnectOptions {
  /** `http://10.0.0.7:3001` */
  readonly origin: string;
  /** Id of the instance that is meant: nobody else gets a link from us. */
  readonly instance: string;
  readonly credentials: Credentials;
  /** One of the two sides signs its calls: then every write of the link is sealed. */
  readonly isSealed: boolean;
  readonly timeoutMs: number;
  readonly tls: ConnectTls;
  /** Ends the try. */
  readonly signal: AbortSignal;
}

/** A socket on which frames may flow, with those that came already; `refused` when the other side does not want one. */
export type Connected =
  | { readonly socket: Socket; readonly early: Buffer; readonly seal: SealKeys | undefined }
  | 'refused'
  | 'failed';

/**
 * Asks an instance for a link: one request, signed for it alone, whose 101 has to be signed by it in answer to this very
 * request. Until then nothing was said that is of use to anybody else. Never rejects.
 */
export function connectLink({
  origin,
  instance,
  credentials,
  isSealed,
  timeoutMs,
  tls,
  signal,
}: ConnectOptions): Promise<Connected> {
  return new Promise((resolve) => {
    const url = new URL(isSealed ? LINK_PATH + SEALED : LINK_PATH, origin);
    const line = { method: 'GET', authority: url.host, path: LINK_PATH, query: isSealed ? SEALED : '?' };
    const signature = credentials.sign(line, 'discovery', undefined, instance);
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      ...tls,
      lookup: guardedLookup,
      agent: false,
      signal,
      timeout: timeoutMs,
      headers: {
        ...signature,
        connection: 'Upgrade',
        upgrade: LINK_PROTOCOL,
        'express-micro-link': LINK_VERSION,
      },
    });
    request.once('socket', (socket) => socket.unref());
    request.once('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.once('error', () => resolve('failed'));
    request.once('response', (response) => {
      resolve('refused');
      response.destroy();
    });
    request.once('upgrade', (response, socket, early) => {
      const proof = { status: 101, headers: response.headers, body: EMPTY, request: signature, target: instance };
      const sender = credentials.verifyAnswer(proof);
      const kid = /;keyid="([^"]*)"/.exec(String(response.headers['signature-input']))?.[1] ?? '';
      const seal = isSealed ? credentials.linkKeys(kid, signature, response.headers) : undefined;
      const isProven = response.headers.upgrade === LINK_PROTOCOL && sender !== undefined && sender !== 'self';
      if (isProven && (!isSealed || seal !== undefined)) {
        resolve({ socket: socket as Socket, early, seal });
        return;
      }
      socket.destroy();
      resolve('refused');
    });
    request.end();
  });
}

const EMPTY = Buffer.alloc(0);
