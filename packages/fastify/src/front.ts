import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Log } from '@express-micro/core';
import type { AppInMesh, Mesh } from '@express-micro/mesh';

type Listener = (this: unknown, req: IncomingMessage, res: ServerResponse) => void;

export interface Front {
  /** Takes the place of Fastify at a server that has it among its listeners. Answers how to give it back. */
  standBefore(server: Server): () => void;
  /** Fastify with the mesh in front, as a server has it. */
  readonly handle: Listener;
  /** For what came to the app past its servers: `app.inject()`, a function around `app.routing`. */
  admit(req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void;
}

/**
 * Stands before everything of the app: at its servers, so that messages of discovery are no requests of the app, in its log
 * neither; and, for what comes past them, at the first hook. Who was let in at a server is known at the hook.
 */
export function createFront(
  listener: Listener,
  { front, context }: Pick<Mesh, 'front' | 'context'>,
  inMesh: () => Pick<AppInMesh, 'isClosed' | 'onRequest'>,
  log: Log,
): Front {
  function handleInMesh(this: unknown, req: IncomingMessage, res: ServerResponse): void {
    if (inMesh().isClosed()) {
      listener.call(this, req, res);
      return;
    }
    inMesh().onRequest(req);
    front(req, res, (error) => {
      if (error === undefined) listener.call(this, req, res);
      else fail(res, error);
    });
  }
  // So that whoever looks for Fastify among the listeners, or takes it off, finds it: as Node itself marks those of `once()`.
  Object.defineProperty(handleInMesh, 'listener', { value: listener });

  function fail(res: ServerResponse, error: unknown): void {
    log.error(`a request was not let in: ${error instanceof Error ? error.message : String(error)}`);
    if (!res.headersSent) res.writeHead(500, { 'content-length': 0 });
    res.end();
  }

  return {
    handle: handleInMesh,
    standBefore(server) {
      if (!server.rawListeners('request').includes(listener)) return () => {};
      replaceListener(server, listener, handleInMesh);
      return () => replaceListener(server, handleInMesh, listener);
    },
    admit(req, res, next) {
      if (context(req) !== undefined || inMesh().isClosed()) {
        next();
        return;
      }
      inMesh().onRequest(req);
      front(req, res, next);
    },
  };
}

/** In its place among the others. */
function replaceListener(server: Server, old: Listener, by: Listener): void {
  const listeners = server.rawListeners('request') as Listener[];
  if (!listeners.includes(old)) return;
  server.removeAllListeners('request');
  for (const each of listeners) server.on('request', each === old ? by : each);
}
