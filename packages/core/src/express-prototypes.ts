import { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';

/** Events of a server whose listeners see requests too, and may not expect Express's getters on them. */
const SHARED_BY = new Set<unknown>(['request', 'upgrade', 'connect']);

/** What Express gives the requests and responses of an app. */
export interface AppWithPrototypes {
  readonly request: object;
  readonly response: object;
}

type Made = typeof IncomingMessage | typeof ServerResponse;
/** Where `http.Server` keeps the classes of its options `IncomingMessage` and `ServerResponse`. */
type Slots = Record<symbol, Made | undefined>;

/**
 * Express gives each request and response the prototypes of its app, which spoils V8's shapes for all that follows: before
 * Node 24 most of what a small request costs (docs/decisions/0006).
 *
 * Has a server make its requests and responses with the prototypes that `app` would give them, so that Express finds
 * nothing to change. Only where the app has the server to itself: as soon as somebody else listens too, the server is as
 * it was. Classes given to `http.createServer` are kept. Answers how to undo it.
 */
export function giveExpressPrototypes(server: Server, app: AppWithPrototypes): () => void {
  const slots = server as unknown as Slots;
  const requests = slotOf(server, 'IncomingMessage', IncomingMessage);
  const responses = slotOf(server, 'ServerResponse', ServerResponse);
  if (requests === undefined || responses === undefined || !servesAlone(server, app)) return () => {};

  slots[requests] = bornFrom(IncomingMessage, app.request);
  slots[responses] = bornFrom(ServerResponse, app.response);
  const undo = () => {
    server.off('newListener', onListener).off('removeListener', onListener);
    slots[requests] = IncomingMessage;
    slots[responses] = ServerResponse;
  };
  const onListener = (event: unknown) => {
    if (SHARED_BY.has(event)) undo();
  };
  server.on('newListener', onListener).on('removeListener', onListener);
  return undo;
}

function slotOf(server: Server, name: string, expected: Made): symbol | undefined {
  return Object.getOwnPropertySymbols(server).find(
    (symbol) => symbol.description === name && (server as unknown as Slots)[symbol] === expected,
  );
}

/** Whether an app is all that a server serves: nobody else hears of requests, of upgrades, or of tunnels. */
export function servesAlone(server: Server, app: unknown): boolean {
  const listeners = server.listeners('request');
  return (
    listeners.length === 1 &&
    listeners[0] === app &&
    server.listenerCount('upgrade') === 0 &&
    server.listenerCount('connect') === 0
  );
}

/** Node's class with another prototype: its constructors are plain functions, and may be applied to an object. */
function bornFrom<M extends Made>(Base: M, prototype: object): M {
  function Born(this: object, first: unknown, second: unknown): void {
    (Base as unknown as (this: object, first: unknown, second: unknown) => void).call(this, first, second);
  }
  Born.prototype = prototype;
  // V8 plans room for the fields of a constructor and of those that it inherits from: without this they are moved time and again.
  Object.setPrototypeOf(Born, Base);
  return Born as unknown as M;
}
