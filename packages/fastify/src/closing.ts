import type { Server } from 'node:net';
import { type Log, stopServer, systemClock } from '@express-micro/core';
import { type AppInMesh, DRAIN_ON_CLOSE } from '@express-micro/mesh';
import type { FastifyInstance } from './fastify.ts';

type Close = (this: FastifyInstance, callback?: (...args: never[]) => unknown) => unknown;

/** How an app and its place in the mesh end: whoever of them is closed, both are. */
export interface Closing {
  /** Ends the servers: Fastify's own as Fastify does it, with the hooks of the app. */
  stop(servers: readonly Server[], limitMs: number): Promise<void>;
  /** From now on `app.close()` leaves the mesh first. */
  leaveFirst(inMesh: Pick<AppInMesh, 'close'>): void;
}

/**
 * Fastify refuses requests from the first moment of its `close()` on, before any hook. The others go on calling for the
 * second in which they hear that this app leaves; so it has to leave before that moment, and `close()` waits for it.
 */
export function createClosing(app: FastifyInstance, log: Log): Closing {
  const close = app.close as Close;
  let ending: Promise<unknown> | undefined;

  function closeApp(): Promise<unknown> {
    if (ending === undefined) {
      ending = Promise.resolve(close.call(app));
      // Whoever called `app.close()` hears of it; after `micro.close()` or a signal nobody would.
      ending.catch((error: Error) => log.error(`a hook of the app failed while it was closing: ${error.message}`));
    }
    return ending;
  }

  return {
    async stop(servers, limitMs) {
      // The hooks of the app may take longer than the mesh waits.
      if (!app.server.listening) void closeApp();
      const closeOwn = (server: Server) => (server === app.server ? closeApp : undefined);
      await Promise.all(servers.map((server) => stopServer(server, systemClock, limitMs, closeOwn(server))));
    },
    leaveFirst(inMesh) {
      const leave = () => inMesh.close(DRAIN_ON_CLOSE).then(closeApp);
      const closeInMesh: Close = function closeInMesh(callback) {
        if (callback === undefined) return leave();
        const tell = () => close.call(this, callback);
        void leave().then(tell, tell);
        return this;
      };
      Object.assign(app, { close: closeInMesh });
    },
  };
}
