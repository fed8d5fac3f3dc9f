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
    pipe(body, res, broken);
    return;
  }
  if (body !== undefined) res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}

function pipe(body: Readable, res: ServerResponse, broken: (error: unknown) => void): void {
  let isOver = false;
  const failed = (error: unknown): void => {
    if (isOver) return;
    isOver = true;
    broken(error);
  };
  // For as long as it lives: an error that nobody hears ends the process.
  body.on('error', failed);
  // Of such a one nothing more would come, not even an end.
  if (body.destroyed || body.readableEnded) {
    failed(body.errored ?? new Error('The stream of the answer had ended before it was sent.'));
    return;
  }
  body.once('close', () => {
    if (!body.readableEnded) failed(new Error('The stream of the answer was closed before its end.'));
  });
  res.once('close', () => {
    isOver = true;
    // A client that goes away ends the source.
    body.destroy();
  });
  body.pipe(res);
}
