import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { afterEach } from 'vitest';
import type { HttpRequest, Middleware } from '../src/index.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export function later(close: () => unknown): void {
  closers.push(close);
}

export type Routes = Readonly<Record<string, readonly Middleware[]>>;
/** Answers to GET and POST. A route whose middlewares all let it pass says who it was. */
export type Serve = (routes: Routes) => Promise<string>;

const whoami = (req: HttpRequest & { user?: unknown }) => ({ principal: req.principal ?? null, user: req.user ?? null });

function onExpress(express: typeof express5): Serve {
  return async (routes) => {
    const app = express();
    app.use(express.json());
    for (const [path, middlewares] of Object.entries(routes))
      app.all(path, ...middlewares, (req, res) => void res.json(whoami(req)));
    // What an app has at its end, in three lines: what the error says, and nothing else.
    app.use(((error: Failure, _req, res, _next) => {
      res.status(error.status ?? 500).set(error.headers ?? {});
      res.json({ message: error.message, code: error.code });
    }) as express5.ErrorRequestHandler);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    later(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
}

interface Failure extends Error {
  status?: number;
  statusCode?: number;
  code?: string;
  headers?: Record<string, string>;
}

async function onFastify(routes: Routes): Promise<string> {
  const app = fastify();
  app.setErrorHandler((error: Failure, _request, reply) =>
    reply
      .status(error.status ?? error.statusCode ?? 500)
      .headers(error.headers ?? {})
      .send({ message: error.message, code: error.code }),
  );
  const hook = (middleware: Middleware) => (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) =>
    middleware(Object.assign(request.raw, { body: request.body }), reply.raw, done as never);
  for (const [url, middlewares] of Object.entries(routes)) {
    const handler = (request: FastifyRequest) => whoami(request.raw);
    app.route({ method: ['GET', 'POST'], url, preHandler: middlewares.map(hook), handler });
  }
  later(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1', listenTextResolver: () => '' });
}

export const FRAMEWORKS: readonly (readonly [string, Serve])[] = [
  ['Express 4', onExpress(createRequire(import.meta.url)('express4') as typeof express5)],
  ['Express 5', onExpress(express5)],
  ['Fastify, on its raw objects', onFastify],
];

/** All that a client can see of an answer, but its date. */
export async function seen(answer: Response): Promise<string> {
  const headers = Object.fromEntries(answer.headers);
  delete headers.date;
  return JSON.stringify({ status: answer.status, headers, body: await answer.text() });
}
