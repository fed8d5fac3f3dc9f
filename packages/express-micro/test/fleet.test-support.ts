import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import { it } from 'vitest';
import expressMicro, { type ExpressMicroOptions, type Micro } from '../src/index.ts';

/** Set by the project of vitest in which the same files ask the same of Fastify. */
const isOnFastify = process.env.FRAMEWORK === 'fastify';

/** Both Express versions behind one type: what the tests use is the same in both. Or Fastify, in the clothes of one. */
export const expresses: readonly [string, typeof express5][] = isOnFastify
  ? [['Fastify 5', express5]]
  : [
      ['Express 5', express5],
      ['Express 4', createRequire(import.meta.url)('express4') as typeof express5],
    ];

/** For the few facts that are none on Fastify: each use says why. Nothing is skipped: on Express the same file asks them. */
export const onExpress: typeof it = isOnFastify ? ((() => {}) as unknown as typeof it) : it;

export type App = ReturnType<typeof express5>;

export interface Service {
  readonly app: App;
  readonly micro: Micro;
  readonly server: http.Server;
  readonly url: string;
  readonly warnings: string[];
}

/** Short enough for a test, long enough for a busy machine. */
export const PING_INTERVAL_MS = 1_000;

/** Fresh for each test file: fleets of different files never meet. */
process.env.EXPRESS_DISCOVERY_KEY ??= randomBytes(24).toString('base64url');

const running: (() => Promise<void>)[] = [];

/** One app as a user would write it: plugin first, then routes, then listen. */
export async function startService(
  serviceName: string,
  declare: (app: App, micro: Micro) => void = () => {},
  options: ExpressMicroOptions & {
    express?: typeof express5;
    port?: number;
    https?: https.ServerOptions | ((micro: Micro) => https.ServerOptions);
  } = {},
): Promise<Service> {
  const { express = express5, port: listenPort = 0, https: secure, ...rest } = options;
  const warnings: string[] = [];
  const log = {
    info: () => {},
    warn: (message: string) => warnings.push(message),
    error: (message: string) => warnings.push(message),
  };
  const settled = { serviceName, pingInterval: PING_INTERVAL_MS, log, ...rest };
  if (isOnFastify) return { ...(await startOnFastify(settled, declare, listenPort, secure)), warnings };
  const app = express();
  const micro = expressMicro(app, settled);
  declare(app, micro);
  const server = await new Promise<http.Server>((resolve, reject) => {
    const listener = secure === undefined ? app : https.createServer(typeof secure === 'function' ? secure(micro) : secure, app);
    const started: http.Server = listener.listen(listenPort, '127.0.0.1', () => resolve(started));
    started.once('error', reject);
  });
  const { port } = server.address() as AddressInfo;
  running.push(() => micro.close());
  return { app, micro, server, url: `${secure === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, warnings };
}

async function startOnFastify(
  options: ExpressMicroOptions,
  declare: (app: App, micro: Micro) => void,
  port: number,
  secure: https.ServerOptions | ((micro: Micro) => https.ServerOptions) | undefined,
): Promise<Omit<Service, 'warnings'>> {
  const { startFastify } = await import('../../../test/together/fastify-app.test-support.ts');
  // A Fastify app has its server before it is a member: the certificates come to it afterwards.
  const isLater = typeof secure === 'function';
  const { app, micro, fastify } = await startFastify(
    options,
    isLater ? { requestCert: true, rejectUnauthorized: false } : secure,
  );
  if (isLater) (fastify.server as unknown as https.Server).setSecureContext(secure(micro as unknown as Micro));
  running.push(() => micro.close());
  declare(app as App, micro as unknown as Micro);
  await fastify.listen({ port, host: '127.0.0.1' });
  return {
    app: app as App,
    micro: micro as unknown as Micro,
    server: fastify.server as http.Server,
    url: fastify.listeningOrigin,
  };
}

/** Call it after each test: ends every service that was started. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

export function bearer(): Record<string, string> {
  return { authorization: `Bearer ${process.env.EXPRESS_DISCOVERY_KEY}` };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A request on a connection of its own, with nothing added that was not asked for. */
export function rawRequest(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: options.method ?? 'GET', headers: options.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.once('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    request.once('error', reject);
    request.end(options.body);
  });
}

/** Looks again and again until it is so; fails with what it saw last. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  isSo: (seen: T) => boolean,
  timeoutMs = 10_000,
): Promise<T> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() > endsAt) throw new Error(`not within ${timeoutMs} ms: ${what}; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
