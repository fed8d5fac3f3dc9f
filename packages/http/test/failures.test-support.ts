import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import net, { type AddressInfo } from 'node:net';
import type { Log } from '@express-micro/core';
import express5 from 'express';
import { afterEach } from 'vitest';

export const EXPRESSES: readonly [string, typeof express5][] = [
  ['Express 4', createRequire(import.meta.url)('express4') as typeof express5],
  ['Express 5', express5],
];

export type App = ReturnType<typeof express5>;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export function later(close: () => unknown): void {
  closers.push(close);
}

/** A log that a test reads. */
export function createLines(): { readonly log: Log; readonly errors: string[]; readonly warnings: string[] } {
  const errors: string[] = [];
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (line: string) => warnings.push(line), error: (line: string) => errors.push(line) };
  return { log, errors, warnings };
}

/** Serves an app, or any other listener, at a free port. */
export async function listen(app: http.RequestListener): Promise<string> {
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Told {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
  /** Whether all of the answer came. */
  readonly isWhole: boolean;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A request on a connection of its own, with no header that was not asked for. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => {});
      response.on('close', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, statusMessage = '' } = response;
        resolve({ status, statusMessage, headers: response.headers, text, json: readJson(text), isWhole: response.complete });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

function readJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** A connection by hand, for what no client would send. */
export async function connect(url: string): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  later(() => socket.destroy());
  return socket;
}
