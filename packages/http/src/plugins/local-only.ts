import type { ServerResponse } from 'node:http';
import { createAddressList, functionOption, type Option } from '@express-micro/core';
import { ForbiddenError } from '../app-errors.ts';
import type { AnyMiddleware } from '../composition/step.ts';
import type { HttpRequest, Next } from '../middleware.ts';

const LOOPBACK = createAddressList(['127.0.0.0/8', '::1']);
/** A proxy leaves one of these. Without this a proxy on the same machine would make everybody a request of this machine. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'] as const;
/** One that leaves none of them either hands on the name that the client asked for, or speaks HTTP/1.0, as nginx does unless it is told otherwise. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Lets in requests from this machine, through no proxy: 403 for all others. */
function localOnly(req: HttpRequest, _res: ServerResponse, next: Next): void {
  const isDirect =
    req.httpVersion !== '1.0' &&
    LOCAL_HOST.test(req.headers.host ?? '') &&
    FORWARDING.every((name) => req.headers[name] === undefined);
  next(isDirect && LOOPBACK.has(req.socket.remoteAddress) ? undefined : new ForbiddenError());
}

export const guardOption: Option<AnyMiddleware> = {
  ...functionOption<AnyMiddleware>('a middleware that lets through who may read it, such as authorize("admin")'),
  fallback: () => localOnly,
} as Option<AnyMiddleware>;
