import type { IncomingMessage } from 'node:http';
import { AppError } from '../app-errors.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { ResolvedBodyOptions } from './body-options.ts';
import { readBytes } from './read-bytes.ts';

/** What two kinds of bodies differ in. */
export interface BodyFormat {
  /** Says whether a media type, in small letters, is one of it. */
  readonly takes: (mediaType: string) => boolean;
  /** @throws AppError */
  readonly parse: (bytes: Buffer) => unknown;
}

/** Express 4's own parsers mark what they have read, and look at nothing else. */
type ReadRequest = HttpRequest & { _body?: boolean; rawBody?: Buffer };

/** Puts on `req.body` what a body says. A request of another type, without a body or that is read already passes untouched. */
export function parsedBody(format: BodyFormat, { maxBytes, keepRaw }: ResolvedBodyOptions): Middleware {
  return (req: ReadRequest, _res, next) => {
    const type = req.headers['content-type'];
    if (type === undefined || !hasBody(req) || isRead(req) || !format.takes(mediaTypeOf(type))) {
      next();
      return;
    }
    if (!isUtf8Charset(type)) {
      next(
        new AppError('The charset of the body is not supported; send UTF-8', { status: 415, code: 'BODY_CHARSET_UNSUPPORTED' }),
      );
      return;
    }
    readBytes(req, maxBytes, (problem, bytes) => {
      if (problem !== undefined || bytes === undefined) {
        next(problem);
        return;
      }
      req._body = true;
      if (keepRaw) req.rawBody = bytes;
      try {
        if (bytes.length > 0) req.body = format.parse(bytes);
      } catch (error) {
        next(error);
        return;
      }
      next();
    });
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function isRead(req: ReadRequest): boolean {
  return req._body === true || req.readableEnded || req.destroyed;
}

function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** RFC 8259, section 8.1, has JSON in UTF-8 and nothing else; ASCII is a part of it. */
function isUtf8Charset(contentType: string): boolean {
  if (!contentType.includes(';')) return true;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1];
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset);
}
