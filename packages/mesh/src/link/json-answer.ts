// Hot path: nearly every answer over a link. Its bench: bench/link-cost.mjs
import { type IncomingMessage, ServerResponse } from 'node:http';
import { OUT_HEADERS } from './powered-by.ts';
import { MAX_WHOLE_BYTES } from './protocol.ts';
import type { ServedCall } from './served-call.ts';

/** What a response must have for its `res.json` to be answered without writing a head. */
export interface JsonState {
  json: unknown;
  send?: unknown;
  _linkText: string | undefined;
  _linkCall: ServedCall;
  _eventsCount: number;
  _headerSent: boolean;
  [symbol: symbol]: unknown;
}
type Response = ServerResponse & JsonState & { _header: string | null; _hasBody: boolean; finished: boolean };
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Whatever is in it, it fits into one frame. */
const MAX_TEXT = Math.floor(MAX_WHOLE_BYTES / 3);
/** A response whose head was never written; nobody reads more of it than that there is one. */
const HEAD = 'HTTP/1.1 200 OK\r\n\r\n';
const UNTOUCHED = ['end', 'write', 'writeHead', 'setHeader', 'getHeader', '_implicitHeader'] as const;

/**
 * `res.json` for callers who ask for the data alone: the text goes out, and the head that nobody would see (its type,
 * length and the hash of an ETag) is not made. Whatever could tell the difference takes Express's own way: a listener or a
 * method put on the response, another status than a plain good one, a conditional request, `HEAD`. Whoever looks at the
 * headers afterwards finds them: they are made then.
 */
export function createJson(
  response: object,
  toJson: (value: unknown) => string | undefined,
  { end, setHeader: ourSetHeader }: { readonly end: unknown; readonly setHeader: unknown },
): unknown {
  const inherited = response as Record<string, Method>;
  const isOurs = UNTOUCHED.every((name) => inherited[name] === Reflect.get(ServerResponse.prototype, name));
  if (!isOurs || OUT_HEADERS === undefined) return undefined;
  const headers = OUT_HEADERS;
  const { send, write, writeHead } = inherited;
  const setHeader = ourSetHeader ?? inherited.setHeader;

  function json(this: Response, ...args: unknown[]): unknown {
    if (args.length === 1 && isPlain(this)) {
      const text = toJson(args[0]);
      if (text !== undefined && text.length <= MAX_TEXT) {
        answer(this, text);
        return this;
      }
    }
    return Reflect.getPrototypeOf(this) === response
      ? (inherited.json as Method).apply(this, args)
      : (Reflect.get(Object.getPrototypeOf(this), 'json') as Method).apply(this, args);
  }

  function isPlain(res: Response): boolean {
    const { statusCode, req, _linkCall: call } = res;
    if (call.wantsHead || res._header !== null || res.finished || res.destroyed || res._eventsCount !== 0) return false;
    if (statusCode < 200 || statusCode > 299 || statusCode === 204 || statusCode === 205 || !res._hasBody) return false;
    if (Object.getPrototypeOf(res) !== response || (res as { end: unknown }).end !== end || call.isOver) return false;
    if (isWatched(res)) return false;
    const set = res[headers] as Record<string, unknown> | null;
    if (set !== null && (set['content-type'] !== undefined || set['transfer-encoding'] !== undefined)) return false;
    return call.isBare || isUnconditional(req);
  }

  function isUnconditional({ headers }: IncomingMessage): boolean {
    return headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined;
  }

  /** Whoever takes the place of one of these wants to see what passes. */
  function isWatched(res: Response): boolean {
    return (
      res.send !== send ||
      (res.writeHead as unknown) !== writeHead ||
      (res.write as unknown) !== write ||
      (res.setHeader as unknown) !== setHeader
    );
  }

  function answer(res: Response, text: string): void {
    res._linkText = text;
    res._header = HEAD;
    res._headerSent = true;
    res.finished = true;
    res.getHeader = LATE.getHeader as Response['getHeader'];
    res.getHeaders = LATE.getHeaders as Response['getHeaders'];
    res.getHeaderNames = LATE.getHeaderNames as Response['getHeaderNames'];
    res.hasHeader = LATE.hasHeader as Response['hasHeader'];
    res._linkCall.answeredJson(res.statusCode, text);
  }

  /** The headers that Express would have set, by Express itself, on a response that goes nowhere. */
  function complete(res: Response): void {
    for (const name in LATE) Reflect.deleteProperty(res, name);
    const scratch = Object.setPrototypeOf(new ServerResponse(res.req), response) as Response & Record<string, Method>;
    scratch[headers] = res[headers];
    scratch.statusCode = res.statusCode;
    (scratch as { end: unknown }).end = () => scratch;
    (inherited.set as Method).call(scratch, 'Content-Type', 'application/json');
    (inherited.send as Method).call(scratch, res._linkText);
    res[headers] = scratch[headers];
  }

  const LATE: Record<string, Method> = {};
  for (const name of ['getHeader', 'getHeaders', 'getHeaderNames', 'hasHeader']) {
    LATE[name] = function late(this: unknown, ...args: unknown[]) {
      complete(this as Response);
      return (inherited[name] as Method).apply(this, args);
    };
  }

  return json;
}
