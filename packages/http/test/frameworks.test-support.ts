import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { silentLog } from '@express-micro/core';
import express5 from 'express';
import Fastify, { type FastifyInstance } from 'fastify';
import { fastifyRoutes } from '../src/fastify.ts';
import {
  type ContractOptions,
  type ErrorHandlerOptions,
  errorHandler,
  type HttpRequest,
  mountRoutes,
  type Routes,
} from '../src/index.ts';

export type ExpressApp = ReturnType<typeof express5>;

/** Both Express versions behind one type: what the tests use is the same in both. */
export const expresses: readonly (readonly [string, typeof express5])[] = [
  ['Express 5', express5],
  ['Express 4', createRequire(import.meta.url)('express4') as typeof express5],
];

export interface Server {
  readonly url: string;
  readonly port: number;
}

const running: (() => Promise<void>)[] = [];

/** Ends every server that was started. */
export async function stopServers(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

/** Of a server that a test has started by itself. */
export function atEnd(stop: () => Promise<void>): void {
  running.push(stop);
}

export async function listen(listener: http.RequestListener): Promise<Server> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  running.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}

/** As in production, and the log is the test's. */
const quietly = (seen: unknown[]): ErrorHandlerOptions => ({
  showMessage: false,
  log: silentLog,
  report: (error) => void seen.push(error),
});

export interface Served extends Server {
  /** What was thrown, where the framework lets a test see it. */
  readonly errors: unknown[];
}

/** Serves the same contracts. `before` sees each request first. */
export type Serve = (routes: Routes, options?: ContractOptions, before?: (req: HttpRequest) => void) => Promise<Served>;

export const frameworks: readonly (readonly [string, Serve])[] = [
  ...expresses.map(([name, express]): readonly [string, Serve] => [
    name,
    async (routes, options, before) => {
      const app = express();
      const errors: unknown[] = [];
      app.use((req, _res, next) => {
        before?.(req as HttpRequest);
        next();
      });
      mountRoutes(app, routes, options);
      app.use(errorHandler(quietly(errors)));
      return { ...(await listen(app)), errors };
    },
  ]),
  [
    'Fastify',
    async (routes, options, before) => {
      const app: FastifyInstance = Fastify();
      const errors: unknown[] = [];
      app.addHook('onRequest', async (request) => before?.(request.raw));
      await app.register(fastifyRoutes(routes, { ...options, errors: quietly(errors) }));
      const url = await app.listen({ port: 0, host: '127.0.0.1' });
      running.push(() => app.close());
      return { url, port: Number(new URL(url).port), errors };
    },
  ],
];

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export async function ask(server: Server, path: string, init: RequestInit & { json?: unknown } = {}): Promise<Answered> {
  const { json, ...rest } = init;
  const given: RequestInit =
    json === undefined
      ? rest
      : { method: 'POST', ...rest, body: JSON.stringify(json), headers: { 'content-type': 'application/json', ...rest.headers } };
  const response = await fetch(`${server.url}${path}`, given);
  const text = await response.text();
  const isJson = /^application\/(?:[\w.+-]+\+)?json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, body: text === '' ? undefined : isJson ? JSON.parse(text) : text, headers: response.headers };
}
