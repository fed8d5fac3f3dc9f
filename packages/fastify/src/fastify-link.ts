import { IncomingMessage, ServerResponse } from 'node:http';
import type { Prototypes } from '@express-micro/mesh';

const NODES_OWN: Prototypes = Object.freeze({
  request: IncomingMessage.prototype,
  response: ServerResponse.prototype,
  toJson: undefined,
});

/** What requests that come over a link are born with. Fastify puts objects of its own around them, and changes none. */
export function prototypesOfNode(): Prototypes {
  return NODES_OWN;
}
