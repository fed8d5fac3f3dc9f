import type { ServerResponse } from 'node:http';
import { NOT_EXECUTED } from '../wire.ts';

/** Answers that the mesh itself gives. Their bytes never depend on what was asked, so they tell a stranger nothing. */
export const REFUSALS: Readonly<Record<401 | 403 | 404 | 405 | 413 | 503 | 504, Buffer>> = {
  401: Buffer.from('{"error":"Unauthorized"}'),
  403: Buffer.from('{"error":"Forbidden"}'),
  404: Buffer.from('{"error":"Not Found"}'),
  405: Buffer.from('{"error":"Method Not Allowed"}'),
  413: Buffer.from('{"error":"Payload Too Large"}'),
  503: Buffer.from('{"error":"Service Unavailable"}'),
  504: Buffer.from('{"error":"Gateway Timeout"}'),
};

/** Refuses. What is left of the request is not looked at; where that is much, or of unknown length, the connection ends. */
export function refuse(res: ServerResponse, status: keyof typeof REFUSALS, mark?: typeof NOT_EXECUTED): void {
  if (res.headersSent || res.destroyed) return;
  const body = REFUSALS[status];
  const headers: Record<string, string | number> = { 'content-type': 'application/json', 'content-length': body.length };
  if (!isSoonOver(res)) headers.connection = 'close';
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (mark !== undefined) headers[mark] = '1';
  res.writeHead(status, headers).end(body);
}

/** The rest of a refused request is read and dropped up to this size, which is cheaper for both than another connection. */
const MAX_DROPPED_BYTES = 65_536;

function isSoonOver({ req }: ServerResponse): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = req.headers;
  return encoding === undefined && Number(length) <= MAX_DROPPED_BYTES;
}

/** Refuses before anything of the app ran, and says so. The connection stays: whoever is refused for overload comes again. */
export function refuseUnrun(res: ServerResponse, status: 503 | 504, retryAfterSeconds?: number): void {
  if (res.headersSent || res.destroyed) return;
  const body = REFUSALS[status];
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    [NOT_EXECUTED]: '1',
  };
  if (retryAfterSeconds !== undefined) headers['retry-after'] = retryAfterSeconds;
  if (!isSoonOver(res)) headers.connection = 'close';
  res.writeHead(status, headers).end(body);
}

export function answerJson(
  res: ServerResponse,
  status: number,
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    // What answers a POST is never stored; a ping a second should not carry what it does not need.
    ...(res.req.method === 'GET' ? { 'cache-control': 'no-store' } : {}),
    ...headers,
  });
  res.end(body);
}
