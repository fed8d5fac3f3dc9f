import { once } from 'node:events';
import { IncomingMessage, type Server } from 'node:http';
import type express5 from 'express';
import { afterEach, expect, it } from 'vitest';
import { expressBase, mountRoutes, route, routes } from '../src/index.ts';
import { expresses } from './frameworks.test-support.ts';

const table = routes({ getOne: route({ method: 'GET', path: '/one' }, () => ({ one: 1 })) });
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Whether the server makes its requests as the app would have them, before Express sees one. */
function isQuick(server: Server, app: { readonly request: object }): boolean {
  const slot = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'IncomingMessage') as symbol;
  const Made = (server as unknown as Record<symbol, typeof IncomingMessage>)[slot] as typeof IncomingMessage;
  return Made !== IncomingMessage && Made.prototype === (app.request as unknown);
}

const ways = expresses.flatMap(([name, express]) => [
  [name, 'mountRoutes()', express, (app: ReturnType<typeof express5>): void => mountRoutes(app, table)] as const,
  [name, 'expressBase()', express, (app: ReturnType<typeof express5>): void => void expressBase(app)] as const,
]);

it.each(ways)('requests to an app of %s with %s are born as Express wants them', async (_name, _what, express, prepare) => {
  const app = express();
  prepare(app);
  mountRoutes(app, table);
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  expect(isQuick(server, app)).toBe(true);
});
