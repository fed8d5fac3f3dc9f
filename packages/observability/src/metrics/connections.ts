import type { Server } from 'node:net';
import { watchServers } from '@express-micro/core';
import type { Collect } from './family.ts';

const NAME = 'active_connections';

/** Connections that are open to the servers of an app, links and idle ones included. Counted by Node; asked at a scrape. */
export function createConnectionCount(app: object): { readonly collect: Collect; stop(): void } {
  const servers = new Set<Server>();
  const stop = watchServers(app, (server) => {
    servers.add(server);
    server.once('close', () => servers.delete(server));
  });
  return {
    async collect() {
      const counts = await Promise.all([...servers].map(countOf));
      const value = counts.reduce((sum, count) => sum + count, 0);
      const help = 'Connections that are open to the servers of this app.';
      return [{ name: NAME, help, type: 'gauge', samples: [{ name: NAME, labels: {}, value }] }];
    },
    stop,
  };
}

function countOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
}
