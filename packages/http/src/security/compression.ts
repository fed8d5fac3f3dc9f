import type { IncomingMessage, ServerResponse } from 'node:http';
import { groupOption, integerOption, type Option } from '@express-micro/core';
import compression from 'compression';
import type { Middleware } from '../middleware.ts';

export interface CompressionOptions {
  /** Smaller answers go as they are. Raising it sends more bytes; lowering it works for answers that do not get smaller. @default 1024 */
  readonly minBytes?: number | undefined;
}

export interface ResolvedCompression {
  readonly minBytes: number;
}

export const compressionOption: Option<ResolvedCompression | false> = groupOption('compression', {
  minBytes: integerOption('bytes', { min: 0, max: 10_485_760 }, () => 1_024),
});

/** Their readers wait for each part, which a compressor would keep until it has enough of them. */
const STREAMS =
  /^(?:text\/event-stream|application\/(?:x-)?(?:ndjson|jsonl?-?lines|jsonl|json-seq|stream\+json)|multipart\/x-mixed-replace)\b/i;

export function createCompression({ minBytes }: ResolvedCompression): Middleware {
  const filter = (req: IncomingMessage, res: ServerResponse): boolean => {
    // A part is told by its place in the whole, which is that of other bytes when they are compressed (RFC 9110, 14.4).
    if (res.statusCode === 206 || res.getHeader('content-range') !== undefined) return false;
    const type = res.getHeader('content-type');
    if (typeof type === 'string' && STREAMS.test(type)) return false;
    return compression.filter(req, res);
  };
  return compression({ threshold: minBytes, filter });
}
