import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import fastify from 'fastify';
import { afterEach } from 'vitest';
import type { AnyMiddleware, HttpRequest } from '../src/index.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
export function later(close: () => unknown): void {
  closers.push(close);
}

const express4 = createRequire(import.meta.url)('express4') as typeof express5;
export const EXPRESSES = [
  { version: 4, express: express4 },
  { version: 5, express: express5 },
] as const;
export type App = ReturnType<typeof express5>;

export async function listen(app: App): Promise<string> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Handler = (req: HttpRequest, res: ServerResponse) => unknown;
interface Host {
  readonly host: string;
  /** Serves all paths: the middlewares, then the handler. Failures become `{ error, code }`. */
  serve(middlewares: readonly AnyMiddleware[], handler: Handler): Promise<string>;
}

/** Where one middleware has to work the same. */
export const HOSTS: readonly Host[] = [
  ...EXPRESSES.map(({ version, express }) => ({
    host: `Express ${version}`,
    serve(middlewares: readonly AnyMiddleware[], handler: Handler) {
      const app = express();
      for (const middleware of middlewares) app.use(middleware);
      app.use((req, res, next) => {
        Promise.resolve(handler(req, res)).catch(next);
      });
      app.use(((error, _req, res, _next) => {
        for (const [name, value] of Object.entries(error.headers ?? {})) res.setHeader(name, value as string);
        res.status(error.status ?? 500).json({ error: error.message, code: error.code });
      }) as express5.ErrorRequestHandler);
      return listen(app);
    },
  })),
  {
    host: 'Fastify',
    async serve(middlewares, handler) {
      const app = fastify({ forceCloseConnections: true });
      for (const middleware of middlewares) {
        app.addHook('onRequest', (request, reply, done) => {
          (request.raw as HttpRequest).ip = request.ip;
          middleware(request.raw, reply.raw, done);
        });
      }
      app.setErrorHandler(
        (error: Error & { status?: number; headers?: Record<string, string>; code?: string }, _request, reply) =>
          reply
            .code(error.status ?? 500)
            .headers(error.headers ?? {})
            .send({ error: error.message, code: error.code }),
      );
      app.all('/*', async (request, reply) => {
        reply.hijack();
        await handler(request.raw, reply.raw);
      });
      later(() => app.close());
      return app.listen({ port: 0, host: '127.0.0.1' });
    },
  },
];
