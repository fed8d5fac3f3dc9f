import { AppError } from '../app-errors.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';

export interface JsonReaderOptions {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly allowScalars: boolean;
}

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)$/i;

/** Reads a JSON body into `req.body`, where nobody has. A request of another type, or without a body, passes untouched. */
export function jsonReader({ maxBytes }: JsonReaderOptions): Middleware {
  return (req, _res, next) => {
    const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
    if (!hasBody(req) || isRead(req) || !JSON_TYPE.test(type)) {
      next();
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    let isOver = false;
    const end = (error?: unknown): void => {
      if (isOver) return;
      isOver = true;
      next(error);
    };
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else
        end(
          new AppError(`The body is larger than ${maxBytes} bytes`, { status: 413, code: 'BODY_TOO_LARGE', data: { maxBytes } }),
        );
    });
    req.once('end', () => {
      if (isOver) return;
      try {
        if (size > 0) req.body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      } catch {
        end(new AppError('The body is not valid JSON', { status: 400, code: 'BODY_MALFORMED' }));
        return;
      }
      end();
    });
    req.once('close', () => {
      // It closes after every answer, and an error is not for nothing.
      if (!isOver) end(new AppError('The body ended before all of it was there', { status: 400, code: 'BODY_INCOMPLETE' }));
    });
  };
}

function hasBody({ headers }: HttpRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function isRead(req: HttpRequest): boolean {
  return (req as { _body?: boolean })._body === true || req.readableEnded || req.destroyed;
}
