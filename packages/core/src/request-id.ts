import type { IncomingMessage } from 'node:http';
import { currentContext, entranceOf, isRequestId, markEntrance } from './context.ts';
import { type Random, systemRandom } from './random.ts';

/**
 * The id that a request goes by: the one that the mesh or the log has given it, else its `x-request-id` where that is
 * well-formed, else a new UUID. The same each time that it is asked.
 */
export function requestIdOf(req: IncomingMessage, random: Random = systemRandom): string {
  const known = entranceOf(req)?.requestId ?? currentContext()?.requestId;
  if (known !== undefined) return known;
  const given = req.headers['x-request-id'];
  const requestId = isRequestId(given) ? given : random.uuid();
  markEntrance(req, { requestId, context: undefined });
  return requestId;
}
