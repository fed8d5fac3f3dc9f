import type { ServerResponse } from 'node:http';

export interface SendOptions {
  /** @default 200 */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string | number | readonly string[]>> | undefined;
}

/** Sends a value as JSON with nothing but Node's own methods: the same on Express 4, Express 5 and Fastify's `reply.raw`. */
export function sendJson(res: ServerResponse, body: unknown, { status = 200, headers = {} }: SendOptions = {}): void {
  // Written before anything is set: what JSON cannot write is then an error like any other.
  const text = JSON.stringify(body) ?? 'null';
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (status === 204 || status === 205 || status === 304) {
    res.end();
    return;
  }
  if (!res.hasHeader('content-type')) res.setHeader('content-type', 'application/json; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(text));
  if (res.req.method === 'HEAD') res.end();
  else res.end(text);
}
