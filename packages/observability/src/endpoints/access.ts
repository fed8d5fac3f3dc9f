import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createAddressList } from '@express-micro/core';
import type { ResolvedAccess } from './options.ts';

/** Whether a request may have what is for operators. */
export interface Access {
  /** By what the request shows of itself. */
  admits(req: IncomingMessage): boolean;
  /** By the service that made it, where the mesh has verified that. */
  admitsCaller(service: string | undefined): boolean;
  /** Whether it is worth asking the mesh. */
  readonly asksForCaller: boolean;
  /** Whether a token would help: then a refusal says so. */
  readonly takesToken: boolean;
}

/**
 * A proxy leaves one of these, as a rule; nginx says nothing by itself, but speaks HTTP/1.0. Without this a reverse proxy on the same machine would
 * make everybody a request of this machine.
 */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'] as const;

export function createAccess(access: ResolvedAccess): Access {
  if (access === undefined) {
    return Object.freeze({ admits: () => true, admitsCaller: () => true, asksForCaller: false, takesToken: false });
  }
  const { token, callers, addresses } = access;
  const digest = token === undefined ? undefined : sha256(token);
  const list = addresses === undefined ? undefined : createAddressList(addresses);
  const isForwarded = (req: IncomingMessage) =>
    req.httpVersion === '1.0' || FORWARDING.some((name) => req.headers[name] !== undefined);

  function hasToken(req: IncomingMessage): boolean {
    const given = /^bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
    // Digests are of one length, whatever was given.
    return digest !== undefined && given !== undefined && timingSafeEqual(sha256(given), digest);
  }

  return Object.freeze({
    admits: (req: IncomingMessage) => hasToken(req) || (list?.has(req.socket.remoteAddress) === true && !isForwarded(req)),
    admitsCaller: (service: string | undefined) => service !== undefined && callers?.includes(service) === true,
    asksForCaller: callers !== undefined,
    takesToken: token !== undefined,
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
