import type { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';

/** What one app saw of the requests of one case. */
export interface Observed {
  /** Stands before everything of the app's own. */
  readonly middleware: (req: Request, res: Response, next: () => void) => void;
  note(req: object, name: string, value?: unknown): void;
  /** Resolves when somebody has noted `name`, at once if it happened since `start()`. */
  noted(name: string): Promise<void>;
  /** Forgets what was. */
  start(): void;
  /** When request and response of all that came are closed, or a while after which they never will be. */
  settled(): Promise<void>;
  take(): readonly Seen[];
}

interface Seen {
  readonly request: string;
  readonly onReq: string[];
  readonly onRes: string[];
  readonly notes: [name: string, value: unknown][];
  readonly after: Record<string, unknown>;
}

const ON_REQ = ['end', 'close', 'aborted', 'error'];
const ON_RES = ['prefinish', 'finish', 'close', 'pipe', 'unpipe', 'error'];
/** Longer than any case takes whose request and response close. */
const PATIENCE_MS = 200;

export function observe(): Observed {
  let seen: Seen[] = [];
  let open = new Set<EventEmitter>();
  let names: string[] = [];
  let waiting: (() => void)[] = [];
  const byRequest = new WeakMap<object, Seen>();
  const wake = () => {
    for (const each of waiting.splice(0)) each();
  };
  const change = () => new Promise<void>((resolve) => waiting.push(resolve));

  return {
    middleware(req, res, next) {
      const one: Seen = { request: `${req.method} ${req.url}`, onReq: [], onRes: [], notes: [], after: {} };
      seen.push(one);
      byRequest.set(req, one);
      for (const event of ON_REQ) req.on(event, () => one.onReq.push(event));
      for (const event of ON_RES) res.on(event, () => one.onRes.push(event));
      for (const emitter of [req, res]) {
        open.add(emitter);
        emitter.once('close', () => {
          // What it has become once everybody has heard of it.
          setImmediate(() => {
            one.after[emitter === req ? 'req' : 'res'] = emitter === req ? endOfRequest(req) : endOfResponse(res);
            open.delete(emitter);
            wake();
          });
        });
      }
      next();
    },
    note(req, name, value) {
      byRequest.get(req)?.notes.push([name, value]);
      names.push(name);
      wake();
    },
    async noted(name) {
      while (!names.includes(name)) await change();
    },
    start() {
      seen = [];
      open = new Set();
      names = [];
      waiting = [];
    },
    async settled() {
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        wake();
      }, PATIENCE_MS);
      while (open.size > 0 && !isOver) await change();
      clearTimeout(timer);
      open.clear();
    },
    take: () => seen,
  };
}

function endOfRequest(req: Request) {
  const { complete, aborted, destroyed, readableEnded, readableAborted } = req;
  return { complete, aborted, destroyed, readableEnded, readableAborted, trailers: req.trailers };
}

function endOfResponse(res: Response) {
  const { statusCode, headersSent, writableEnded, writableFinished, destroyed, closed } = res;
  return { statusCode, headersSent, writableEnded, writableFinished, destroyed, closed, hasSocket: res.socket !== null };
}

/** All that a handler can read of the two objects it is given. */
export function factsOf(req: Request, res: Response): Record<string, unknown> {
  return { req: requestFacts(req), connection: connectionFacts(req, res), res: responseFacts(req, res) };
}

function requestFacts(req: Request): Record<string, unknown> {
  const { method, url, originalUrl, baseUrl, path, query, params, headers, rawHeaders, headersDistinct, rawTrailers } = req;
  const { ip, ips, protocol, secure, hostname, subdomains, fresh, stale, xhr } = req;
  const { httpVersion, httpVersionMajor, httpVersionMinor, complete, aborted, destroyed, statusCode, statusMessage } = req;
  const { readable, readableEnded, readableFlowing, readableLength, readableObjectMode, readableHighWaterMark } = req;
  return {
    ...{ method, url, originalUrl, baseUrl, path, query, params, headers, rawHeaders, headersDistinct, rawTrailers },
    ...{ ip, ips, protocol, secure, hostname, subdomains, fresh, stale, xhr },
    ...{ httpVersion, httpVersionMajor, httpVersionMinor, complete, aborted, destroyed, statusCode, statusMessage },
    ...{ readable, readableEnded, readableFlowing, readableLength, readableObjectMode, readableHighWaterMark },
    body: req.body,
    route: req.route?.path,
    is: [req.is('json'), req.is('text/*'), req.is(['urlencoded', 'multipart'])],
    accepts: [req.accepts(), req.accepts('html'), req.accepts(['json', 'text'])],
    acceptsOther: [req.acceptsCharsets(), req.acceptsEncodings(), req.acceptsLanguages()],
    range: req.range(1_000),
    get: [req.get('Host'), req.get('referrer'), req.get('X-Absent')],
    isA: [req instanceof IncomingMessage, req.constructor.name, Object.prototype.toString.call(req)],
    hasPrototypeOfApp: Object.getPrototypeOf(req) === Reflect.get(req.app, 'request'),
    prototypes: prototypesOf(req),
    has: ['aborted', 'query', 'ip', 'res', 'next', 'body'].map((name) => [name, name in req, Object.hasOwn(req, name)]),
    keys: Object.keys(req),
    listeners: req.eventNames().map((event) => [String(event), req.listenerCount(event)]),
  };
}

function connectionFacts(req: Request, res: Response): Record<string, unknown> {
  const { socket } = req;
  const { remoteAddress, remoteFamily, localAddress, destroyed, readable, writable, timeout } = socket;
  return {
    ...{ remoteAddress, remoteFamily, localAddress, destroyed, readable, writable, timeout },
    encrypted: (socket as { encrypted?: boolean }).encrypted,
    hasPorts: [typeof socket.remotePort, typeof socket.localPort],
    hasServer: typeof (socket as { server?: object }).server,
    isTheSame: [req.socket === res.socket, req.connection === req.socket, res.connection === res.socket],
    type: socket.constructor.name,
  };
}

function responseFacts(req: Request, res: Response): Record<string, unknown> {
  const { statusCode, statusMessage, headersSent, sendDate, shouldKeepAlive, chunkedEncoding, finished, locals } = res;
  const { writable, writableEnded, writableFinished, writableLength, writableHighWaterMark, writableObjectMode } = res;
  return {
    ...{ statusCode, statusMessage, headersSent, sendDate, shouldKeepAlive, chunkedEncoding, finished, locals },
    ...{ writable, writableEnded, writableFinished, writableLength, writableHighWaterMark, writableObjectMode },
    headers: res.getHeaders(),
    names: [
      res.getHeaderNames(),
      (res as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames(),
      res.hasHeader('X-Powered-By'),
    ],
    isA: [res instanceof ServerResponse, res.constructor.name, Object.prototype.toString.call(res)],
    hasPrototypeOfApp: Object.getPrototypeOf(res) === Reflect.get(req.app, 'response'),
    prototypes: prototypesOf(res),
    knowsEachOther: [req.res === res, res.req === req, res.app === req.app],
    localsPrototype: Object.getPrototypeOf(locals) === null,
    keys: Object.keys(res),
    listeners: Object.fromEntries(res.eventNames().map((event) => [String(event), res.listenerCount(event)])),
  };
}

/** How far it is to the classes of Node, by what each step has of its own. */
function prototypesOf(object: object): string[] {
  const steps: string[] = [];
  for (let step = Object.getPrototypeOf(object); step !== null; step = Object.getPrototypeOf(step)) {
    const isOfNode = Object.hasOwn(step, 'constructor');
    steps.push(isOfNode ? step.constructor.name : Object.keys(step).slice(0, 4).join());
  }
  return steps;
}
