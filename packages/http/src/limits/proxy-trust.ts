import type { Log } from '@express-micro/core';
import type { HttpRequest } from '../middleware.ts';

/** Looks at requests until it has something to say of who is trusted with their addresses; then once, and never again. */
export function watchProxyTrust(log: Log): (req: HttpRequest) => void {
  let isDone = false;
  const say = (message: string) => {
    isDone = true;
    log.warn(message);
  };
  return (req) => {
    if (isDone) return;
    const trust = trustOf(req);
    if (trust === true) {
      say(
        `"trust proxy" is true, so every client writes its own address into X-Forwarded-For and is never limited. Name the proxies: app.set('trust proxy', 'loopback'), or their addresses`,
      );
    } else if (!isTrusting(trust) && req.headers['x-forwarded-for'] !== undefined && req.ip === req.socket?.remoteAddress) {
      say(
        `a request came with X-Forwarded-For while no proxy is trusted: behind a proxy all clients count as one. If there is one, name it: app.set('trust proxy', 'loopback'), or its addresses; if there is none, somebody made that header up`,
      );
    }
  };
}

function trustOf(req: HttpRequest): unknown {
  const app = (req as { app?: { get?: (setting: string) => unknown } }).app;
  return typeof app?.get === 'function' ? app.get('trust proxy') : undefined;
}

function isTrusting(trust: unknown): boolean {
  return trust !== undefined && trust !== false && trust !== 0 && trust !== '';
}
