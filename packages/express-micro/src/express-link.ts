import { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { HandlingApp } from '@express-micro/core';
import { servesAlone } from '@express-micro/core';
import type { Prototypes } from '@express-micro/mesh';
import { jsonOf } from './express-answers.ts';

/**
 * What requests that come over a link are born with: Express's own where the app has the server to itself, in
 * every version: nothing has touched them before.
 */
export function prototypesFor(server: Server, app: HandlingApp): Prototypes {
  if (!servesAlone(server, app))
    return { request: IncomingMessage.prototype, response: ServerResponse.prototype, toJson: undefined };
  return { request: app.request, response: app.response, toJson: jsonOf(app) };
}
