import type { Server } from 'node:net';
import { type AppWithPrototypes, giveExpressPrototypes } from './express-prototypes.ts';
import { watchServers } from './servers.ts';

/**
 * Has the servers of an app make requests as Express wants them (docs/decisions/0006), which spares each several times what is
 * done for it: on V8 before Node 24 all that is put on a request afterwards is dear. Where somebody else has done so, nothing is
 * left to do. Keeps no app alive. Answers how to undo it.
 */
export function quickenServers(app: AppWithPrototypes): () => void {
  const ref = new WeakRef(app);
  const undo = new Map<Server, () => void>();
  const stop = watchServers(app, (server) => {
    const living = ref.deref();
    if (living === undefined || undo.has(server)) return;
    undo.set(server, giveExpressPrototypes(server, living));
    server.once('close', () => undo.delete(server));
  });
  return () => {
    stop();
    for (const one of undo.values()) one();
    undo.clear();
  };
}
