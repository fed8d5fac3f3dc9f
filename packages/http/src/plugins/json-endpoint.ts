import type { ServerResponse } from 'node:http';
import type { AnyMiddleware } from '../composition/step.ts';
import type { HttpRequest, Next } from '../middleware.ts';

/** Answers GET and HEAD at one path below a plugin's prefix, to whom its guard lets through. */
export function jsonEndpoint(path: string, guard: AnyMiddleware, answer: (req: HttpRequest) => unknown): AnyMiddleware {
  return (req: HttpRequest, res: ServerResponse, next: Next) => {
    const isMine = (req.url ?? '').split('?', 1)[0] === path && (req.method === 'GET' || req.method === 'HEAD');
    if (!isMine) return next();
    return guard(req, res, (error?: unknown) => {
      if (error !== undefined && error !== null) return next(error);
      Promise.resolve(answer(req))
        .then((value) => send(req, res, value))
        .catch(next);
    });
  };
}

function send(req: HttpRequest, res: ServerResponse, value: unknown): void {
  if (res.headersSent || res.destroyed) return;
  const body = JSON.stringify(value);
  res.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}
