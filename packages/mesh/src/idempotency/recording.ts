import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { codingsOf, decodeBody } from '../content-coding.ts';
import type { StoredAnswer } from './store.ts';

/** Headers that belong to the answer itself. What belongs to one client or one connection (cookies, dates) is not among them. */
const KEPT = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'vary',
]);

export interface RecordingOptions {
  readonly maxBytes: number;
  /** More headers to keep, in lower case. */
  readonly headers: ReadonlySet<string>;
  /** Given the answer, or nothing when it is too large; the client sees the end of it when this is done. Never rejects. */
  readonly onEnd: (answer: StoredAnswer | undefined, status: number) => Promise<void>;
}

/**
 * Writes down what a handler answers while it answers. Its last bytes go out when `onEnd` is done, so that nobody has an
 * answer that a second attempt would not get.
 */
export function record(res: ServerResponse, { maxBytes, headers: more, onEnd }: RecordingOptions): void {
  const { write, end, writeHead } = res;
  const chunks: Buffer[] = [];
  let size = 0;
  let head: { status: number; headers: [string, string][] } | undefined;
  let isEnded = false;

  function take(chunk: unknown, encoding: unknown): void {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : Buffer.from(chunk);
    size += bytes.length;
    if (size <= maxBytes) chunks.push(bytes);
    else chunks.length = 0;
  }

  /** Before anybody in front of us (compression) changes them for what goes over the wire. */
  function takeHead(status = res.statusCode, given: OutgoingHttpHeaders = {}): void {
    if (head !== undefined) return;
    const all = { ...res.getHeaders(), ...given };
    const headers = Object.entries(all).flatMap(([name, value]): [string, string][] => {
      const lower = name.toLowerCase();
      return value === undefined || !(KEPT.has(lower) || more.has(lower)) ? [] : [[lower, String(value)]];
    });
    head = { status, headers };
  }

  res.writeHead = function writeRecordedHead(this: ServerResponse, ...args: unknown[]) {
    const given = args.at(-1);
    takeHead(args[0] as number, typeof given === 'object' && given !== null ? headersOf(given) : {});
    return Reflect.apply(writeHead, this, args);
  } as ServerResponse['writeHead'];

  res.write = function writeRecorded(this: ServerResponse, ...args: unknown[]) {
    if (isEnded) return false;
    takeHead();
    take(args[0], args[1]);
    return Reflect.apply(write, this, args);
  } as ServerResponse['write'];

  res.end = function endRecorded(this: ServerResponse, ...args: unknown[]) {
    if (isEnded) return this;
    isEnded = true;
    takeHead();
    take(args[0], args[1]);
    const { status, headers } = head as NonNullable<typeof head>;
    // From here on it counts as sent: whoever looks, or fails, afterwards finds it so.
    if (!res.headersSent) {
      if (!res.hasHeader('content-length') && status !== 204 && status !== 304) res.setHeader('content-length', size);
      res.writeHead(status);
    }
    const answer = size <= maxBytes ? unpacked({ status, headers, body: Buffer.concat(chunks) }, maxBytes) : undefined;
    void onEnd(answer, status).then(() => Reflect.apply(end, this, args));
    return this;
  } as ServerResponse['end'];
}

/**
 * As it was before somebody compressed it for the one who asked first: who asks again may take no such thing. `undefined` where it
 * unpacks to more than is kept.
 */
function unpacked(answer: StoredAnswer, maxBytes: number): StoredAnswer | undefined {
  const codings = codingsOf(Object.fromEntries(answer.headers));
  if (codings.length === 0) return answer;
  try {
    const body = decodeBody(answer.body as Buffer, codings, maxBytes);
    return { ...answer, headers: answer.headers.filter(([name]) => name !== 'content-encoding'), body };
  } catch (error) {
    // What nobody here can undo is what the handler has chosen.
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? undefined : answer;
  }
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
}

/** As `writeHead` takes them: an object, or a list of names and values in turn. */
function headersOf(given: object): OutgoingHttpHeaders {
  if (!Array.isArray(given)) return given as OutgoingHttpHeaders;
  return Object.fromEntries(given.flatMap((name, index) => (index % 2 === 0 ? [[String(name), given[index + 1]]] : [])));
}
