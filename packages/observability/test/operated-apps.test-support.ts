import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import { type Observability, type ObservabilityOptions, observability } from '../src/index.ts';

/** Both Express versions behind one type: what the tests use is the same in both. */
export const expresses: readonly [string, typeof express5][] = [
  ['Express 5', express5],
  ['Express 4', createRequire(import.meta.url)('express4') as typeof express5],
];

export type App = ReturnType<typeof express5>;

export interface Observed extends Observability {
  readonly app: App;
  readonly server: http.Server;
  readonly url: string;
  /** What was logged, of the level `warn` and above, and by the parts themselves. */
  readonly lines: string[];
}

const running: (() => Promise<unknown>)[] = [];

/** One app as a user would write it, with a log that is kept. */
export async function startApp(
  declare: (app: App, observed: Observability) => void,
  options: ObservabilityOptions & { readonly express?: typeof express5 } = {},
): Promise<Observed> {
  const { express = express5, ...rest } = options;
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const logger = { info: write, warn: write, error: write };
  const app = express();
  const observed = observability(app, { logger, accessLog: false, shutdown: { signals: [] }, ...rest });
  declare(app, observed);
  const server = await new Promise<http.Server>((resolve) => {
    const started: http.Server = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  running.push(async () => {
    await observed.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return { ...observed, app, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lines };
}

/** Call it after each test. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** A request on a connection of its own, with nothing added that was not asked for. */
export function ask(
  url: string,
  { method = 'GET', headers = {} }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body, text: body.toString() });
      });
      res.once('error', reject);
    });
    request.once('error', reject).end();
  });
}

/** The lines of a page that begin so, without the comments. */
export function series(page: string, name: string): string[] {
  return page.split('\n').filter((line) => line.startsWith(name));
}
