import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface Capture {
  /** The head is fixed; says whether the body is worth keeping. */
  head(status: number, headers: OutgoingHttpHeaders): boolean;
  /** The body was too large. */
  tooLarge(): void;
  /** All of it was written, whether or not the client was there to read it. */
  end(body: Buffer): void;
}

/**
 * Looks on while an answer is written, without holding any of it back. What stands further out (compression, say) changes the head
 * after us, so the head is read before it is handed on.
 */
export function captureAnswer(res: ServerResponse, maxBodyBytes: number, capture: Capture): void {
  const { writeHead, write, end } = res;
  let chunks: Buffer[] = [];
  let bytes = 0;
  let isHeadKnown = false;
  let isKept = true;

  function keep(chunk: unknown, encoding: unknown): void {
    if (!isKept || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    // A copy: whoever wrote it may write into it again.
    const copy = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : Buffer.from(chunk);
    bytes += copy.length;
    if (bytes <= maxBodyBytes) return void chunks.push(copy);
    drop();
    capture.tooLarge();
  }

  function drop(): void {
    isKept = false;
    chunks = [];
  }

  Object.assign(res, {
    writeHead(this: ServerResponse, status: number, ...rest: unknown[]) {
      if (!isHeadKnown) {
        isHeadKnown = true;
        if (!capture.head(status, headersOf(res, rest.at(-1)))) drop();
      }
      return Reflect.apply(writeHead, this, [status, ...rest]);
    },
    write(this: ServerResponse, ...args: unknown[]) {
      keep(args[0], args[1]);
      return Reflect.apply(write, this, args);
    },
    end(this: ServerResponse, ...args: unknown[]) {
      const isFirst = !res.writableEnded;
      if (isFirst) keep(args[0], args[1]);
      const answered = Reflect.apply(end, this, args);
      // Within that the head was written, if it was not before.
      if (isFirst && isKept && isHeadKnown) {
        capture.end(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
        drop();
      }
      return answered;
    },
  });
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
}

/** What was set, with what `writeHead` is given: an object, or a list of names and values. */
function headersOf(res: ServerResponse, given: unknown): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...res.getHeaders() };
  if (typeof given !== 'object' || given === null) return headers;
  const pairs = Array.isArray(given) ? given : Object.entries(given);
  const flat: unknown[] = Array.isArray(pairs[0]) ? pairs.flat(1) : pairs;
  for (let at = 0; at + 1 < flat.length; at += 2) headers[String(flat[at]).toLowerCase()] = flat[at + 1] as string;
  return headers;
}
