import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Answer } from './answer.ts';

/**
 * Writes an answer with nothing but Node's own methods. `res` may have headers and a status already: those of the answer win.
 * @param broken told when a stream breaks: half an answer must not look like a whole one, so it has to cut it off
 */
export function writeAnswer(res: ServerResponse, { status, headers, body }: Answer, broken: (error: unknown) => void): void {
  for (const name in headers) res.setHeader(name, headers[name] as string | string[]);
  res.statusCode = status;
  if (body instanceof Readable) {
    body.once('error', broken);
    // A client that goes away ends the source.
    res.once('close', () => body.destroy());
    body.pipe(res);
    return;
  }
  if (body !== undefined) res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}
