import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, type Log, stopServer } from '@express-micro/core';
import type { Endpoints } from './endpoints.ts';

/** A port beside the app's own, for what platforms ask: nobody else reaches it, and nothing of the app is in the way. */
export interface SidePort {
  /** Known when it listens. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

const CLOSE_LIMIT_MS = 500;
/** Nothing that is asked here takes long to ask. */
const REQUEST_LIMIT_MS = 10_000;

export function openSidePort(
  { port, host }: { readonly port: number; readonly host: string | undefined },
  endpoints: Endpoints,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): SidePort {
  const server: Server = createServer((req, res) => {
    if (!endpoints(req, res)) res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not Found"}');
  });
  server.requestTimeout = REQUEST_LIMIT_MS;
  // An app that serves its users is worth more than one that is measured: said, and not thrown.
  server.on('error', (error) => {
    log.error(`port ${port}, on which metrics or health were to be read, cannot be opened: ${error.message}`);
  });
  server.listen(port, host);
  // It looks at a process, and is no reason for one to live.
  server.unref();
  return {
    get port() {
      return (server.address() as AddressInfo | null)?.port;
    },
    close: () => stopServer(server, clock, CLOSE_LIMIT_MS),
  };
}
