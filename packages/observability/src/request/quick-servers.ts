import type { Server } from 'node:net';
import { type AppWithPrototypes, giveExpressPrototypes, watchServers } from '@express-micro/core';

/**
 * Has the servers of an app make requests as Express wants them (docs/decisions/0006), which spares each several times what it
 * costs to observe it: on V8 before Node 24 all that is put on a request afterwards is dear. Where `expressMicro(app)` has done so, nothing
 * is left to do. Answers how to undo it.
 */
export function quickenServers(app: AppWithPrototypes): () => void {
  const undo = new Map<Server, () => void>();
  const stop = watchServers(app, (server) => {
    if (undo.has(server)) return;
    undo.set(server, giveExpressPrototypes(server, app));
    server.once('close', () => undo.delete(server));
  });
  return () => {
    stop();
    for (const one of undo.values()) one();
    undo.clear();
  };
}
