import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes that are the same until the process, or what they were made of, changes. */
export interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function staticFile(type: string, text: string, headers?: Readonly<Record<string, string>>): StaticFile {
  const body = Buffer.from(text);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return Object.freeze({ type, body, etag, headers });
}

/** Answers GET and HEAD; 304 to who has these bytes already. */
export function sendFile(req: IncomingMessage, res: ServerResponse, file: StaticFile): void {
  const { type, body, etag, headers = {} } = file;
  const isKnown = matches(req.headers['if-none-match'], etag);
  const about = {
    ...headers,
    etag,
    // Asked for again each time, and sent again when it is another.
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  };
  if (isKnown) {
    res.writeHead(304, about).end();
    return;
  }
  res.writeHead(200, { ...about, 'content-type': type, 'content-length': body.length });
  // Node leaves the body of an answer to HEAD away.
  res.end(body);
}

/** By weak comparison (RFC 9110, 13.1.2): compression in front of us makes a tag weak. */
function matches(given: string | undefined, etag: string): boolean {
  if (given === undefined) return false;
  return given.trim() === '*' || given.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
