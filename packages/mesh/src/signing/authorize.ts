// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { Readable } from 'node:stream';
import { meshError } from '../errors.ts';
import type { Credentials } from './credentials.ts';

/** Field of a caller token: how a mesh that does not sign its requests says who calls. */
export const CALLER_TOKEN = 'express-micro-caller';

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string | Uint8Array | Readable | undefined;
}

interface Target {
  readonly id: string;
  readonly url: string;
  readonly isSigning: boolean;
}

/**
 * Puts on an outgoing call what proves its caller: a signature of the whole request where we or the other side want one,
 * else a token. So a fleet can turn signing on one service after the other.
 */
export function authorizeBy(
  credentials: Credentials,
  isSigning: boolean,
): (headers: string[], target: Target, request: Outgoing) => void {
  return (headers, target, request) => {
    if (isSigning || target.isSigning) sign(credentials, headers, target, request);
    else headers.push(CALLER_TOKEN, credentials.callerToken(target.id));
  };
}

function sign(credentials: Credentials, headers: string[], target: Target, request: Outgoing): void {
  const { method, path, query, body } = request;
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw meshError(
      'MESH_ARGUMENT_INVALID',
      'A stream cannot be the body of a signed call, because the signature stands before the body. Send a Buffer or a string.',
    );
  }
  const line = { method, authority: authorityOf(target.url), path, query: `?${query}` };
  const fields = credentials.sign(line, 'call', body, target.id);
  for (const name in fields) headers.push(name, fields[name] as string);
}

/** What a client sends as `Host`: an origin without its protocol, which is how its default port is left out. */
function authorityOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2);
}
