import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Answer } from './answer.ts';

/** Writes an answer with nothing but Node's own methods. `res` may have headers and a status already: those of the answer win. */
export function writeAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  for (const name in headers) res.setHeader(name, headers[name] as string | string[]);
  res.statusCode = status;
  if (body instanceof Readable) {
    // A source that breaks, or a client that goes, ends the other: half an answer must not look like a whole one.
    body.once('error', () => res.destroy());
    res.once('close', () => body.destroy());
    body.pipe(res);
    return;
  }
  if (body !== undefined) res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}
