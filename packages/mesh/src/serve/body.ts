import type { IncomingMessage } from 'node:http';
import { LINKED } from '../wire.ts';

/** Reads a whole body of at most `maxBytes`. `too-large` is known from the header where there is one, before a byte is read. */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'aborted'> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too-large');
  // Somebody has read it already, so it will not come again.
  if (req.readableEnded || req.destroyed) return Promise.resolve('aborted');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) resolve('too-large');
      else chunks.push(chunk);
    });
    req.once('end', () => resolve(Buffer.concat(chunks)));
    req.once('error', () => resolve('aborted'));
    req.once('close', () => resolve('aborted'));
  });
}

/**
 * Holds a request's body back until all of it is here, shows it, and then lets the stream run as if nothing had been:
 * whoever parses or pipes it afterwards sees the same bytes. So a signature over the body is checked before any code of
 * the application runs, and no parser in front or behind makes a difference.
 *
 * It takes the place of `push`, the one door through which Node's HTTP parser hands bytes to a request.
 */
export function holdBody(req: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'aborted'> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too-large');
  // Over a link, or within the process, a body lies ready and comes when it is asked for.
  if (LINKED in req) req.read(0);
  return new Promise((resolve) => {
    // Bytes that came before us, when the application was called later than the server's 'request' event. Taking exactly
    // what is buffered does not end the stream, so it can be put back.
    const early: Buffer | null = req.readableLength > 0 ? req.read(req.readableLength) : null;
    const held: Buffer[] = early === null ? [] : [early];
    let size = early?.length ?? 0;
    if (req.complete) {
      if (early !== null) req.unshift(early);
      resolve(size > maxBytes ? 'too-large' : Buffer.concat(held));
      return;
    }
    const onClose = () => resolve('aborted');
    req.once('close', onClose);
    const push = req.push;
    const release = () => {
      req.removeListener('close', onClose);
      req.push = push;
    };
    req.push = (chunk: Buffer | null): boolean => {
      if (chunk === null) {
        release();
        resolve(Buffer.concat(held));
        for (const part of held) push.call(req, part);
        return push.call(req, null);
      }
      size += chunk.length;
      if (size > maxBytes) {
        release();
        resolve('too-large');
        return push.call(req, chunk);
      }
      held.push(chunk);
      return true;
    };
  });
}

/** Whether a request announces a body. (RFC 9112, section 6.3) */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
