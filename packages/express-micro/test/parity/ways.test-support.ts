import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import express5 from 'express';
import { declareName, declareRoutes, isMicroError } from '../../src/index.ts';
import { type App, startService } from '../fleet.test-support.ts';
import { untilLinked } from '../link.test-support.ts';
import { takeTapped } from './answer-tap.test-support.ts';
import { declareTopics, expressOf } from './app.test-support.ts';
import { type Differences, OVER_LINK, WITHIN_PROCESS } from './link-differences.test-support.ts';
import type { Observed } from './observed.test-support.ts';
import type { Answer, Ask, Compared, Topic, Way, WayKind } from './parity.test-support.ts';
import { createRawClient } from './raw-client.test-support.ts';

/** What all others are compared with. */
export const BARE: WayKind = {
  name: 'bare Express, raw HTTP',
  isCall: false,
  comparable: (compared) => compared,
  async open(topics, version, files) {
    const app = expressOf(version)();
    const observed = declareTopics(app, topics, version, files);
    const server = await new Promise<Server>((resolve) => {
      const started = app.listen(0, '127.0.0.1', () => resolve(started));
    });
    // What the plugin keeps connections for, and says in `Keep-Alive`: a setting, and no other behaviour.
    server.keepAliveTimeout = 65_000;
    return rawWay(
      server,
      observed,
      (compared) => compared,
      () => server.close(),
    );
  },
};

/** The ways that are compared. Another transport is another line here: its name and the options that choose it. */
export const WAYS: readonly WayKind[] = [
  {
    name: 'under the plugin, raw HTTP',
    isCall: false,
    comparable: (compared) => compared,
    async open(topics, version, files) {
      let observed: Observed | undefined;
      const declare = (app: App) => {
        observed = declareTopics(app, topics, version, files);
      };
      const service = await startService('parity', declare, { express: expressOf(version) });
      return rawWay(service.server, observed as Observed, withoutOurListener, () => service.micro.close());
    },
  },
  callWay('a call over HTTP', 'attemptsOverHttp'),
  { ...callWay('a call over the link', 'attemptsOverLink'), comparable: asLinksCarry, differs: known(OVER_LINK) },
  { ...callWay('a call within the process', 'attemptsInProcess'), comparable: asLinksCarry, differs: known(WITHIN_PROCESS) },
];

function rawWay(server: Server, observed: Observed, own: (compared: Compared) => Compared, stop: () => unknown): Way {
  const client = createRawClient((server.address() as AddressInfo).port, observed.noted);
  return {
    send: client.send,
    observed,
    normalise: (compared) => withoutChance(own(compared), client.host),
    async close() {
      client.close();
      await stop();
    },
  };
}

/** Headers that a call adds, beside those of its arguments. */
const OF_THE_CALL = new Set(['x-request-id', 'express-micro-caller', 'express-micro-deadline']);

/** The one trace of the plugin on a response: it listens for its end, to know what is under way. */
function withoutOurListener<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutOurListener) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => {
    const isOfResponse = name === 'listeners' && typeof each.close === 'number';
    return [name, isOfResponse ? { ...each, close: each.close - 1 } : withoutOurListener(each)];
  });
  return Object.fromEntries(entries) as T;
}

/** @param by the counter of the calls that go this way: one that stands still has not been compared */
function callWay(name: string, by: 'attemptsOverHttp' | 'attemptsOverLink' | 'attemptsInProcess'): WayKind {
  const options = { transport: by === 'attemptsOverHttp' ? ('http' as const) : ('auto' as const) };
  return {
    name,
    isCall: true,
    comparable: asCallsCarry,
    async open(topics, version, files) {
      let observed: Observed | undefined;
      const declare = (app: App) => {
        app.use(anyRoute());
        observed = declareTopics(app, topics, version, files);
      };
      const target = await startService('parity', declare, { ...options, express: expressOf(version) });
      // A GET whose connection breaks would be sent again, and seen twice.
      const caller = await startService('caller', () => {}, {
        ...options,
        retry: false,
        express: expressOf(version),
        peers: [target.url],
      });
      await caller.micro.ready({ services: ['parity'] });
      if (by === 'attemptsOverLink') await untilLinked(caller, (services) => services.parity.anything({ path: ['ping'] }));
      const { noted } = observed as unknown as Observed;
      return {
        send: (ask) => call(caller.micro.services.parity.anything.request, ask, noted),
        observed: observed as unknown as Observed,
        normalise: (compared) => withoutChance(withoutOurListener(without(OF_THE_CALL, compared)), new URL(target.url).host),
        async close() {
          const made = caller.micro.counters()[by];
          await Promise.all([caller.micro.close(), target.micro.close()]);
          if (made === 0) throw new Error(`${name}: no call went this way.`);
        },
      };
    },
  };
}

/** A route for any method and path in the eyes of the plugin, and for Express nothing that changes a request. */
function anyRoute(): (req: unknown, res: unknown, next: () => void) => void {
  const router = express5.Router().all(
    '/*path',
    declareName((_req, _res, next) => next(), 'anything'),
  );
  return declareRoutes((_req, _res, next) => next(), router);
}

type Request = (request: object) => Promise<{ status: number }>;

async function call(request: Request, ask: Ask, noted: Observed['noted']): Promise<Answer> {
  const { method = 'GET', path, headers = [], body } = ask;
  const [plainPath = '', query = ''] = path.split('?', 2);
  const segments = plainPath.slice(1).split('/').map(decodeURIComponent);
  const fields = Object.fromEntries(headers);
  const sent = `/${segments.map(encodeURIComponent).join('/')}?${new URLSearchParams(query)}`.replace(/\?$/, '');
  if (sent !== path) throw new Error(`A call would send ${sent} for ${path}: say "notByCall".`);
  if (Object.keys(fields).length < headers.length) throw new Error('A call has each header once: say "notByCall".');
  if (body !== undefined && !('content-type' in fields)) throw new Error('A call gives each body a type: say "notByCall".');
  const canceller = new AbortController();
  if (ask.isCancelled) void noted('waiting').then(() => canceller.abort());
  takeTapped();
  try {
    const { status } = await request({
      method,
      params: { path: segments },
      query: new URLSearchParams(query),
      headers: fields,
      body: Array.isArray(body) ? Readable.from(body.map((chunk) => Buffer.from(chunk))) : body && Buffer.from(body as string),
      signal: canceller.signal,
      timeoutMs: 1_000,
    });
    return wholeAnswer(status);
  } catch (error) {
    if (!isMicroError(error)) throw error;
    if (error.code === 'MESH_REMOTE_STATUS') return wholeAnswer(error.status);
    // It asked for gzip, was given it, and reads it itself.
    if (error.code === 'MESH_RESPONSE_INVALID') return wholeAnswer(200);
    if (error.code === 'MESH_CANCELLED') return { outcome: 'cancelled' };
    if (error.code === 'MESH_CONNECTION_LOST') return { outcome: 'broken' };
    throw error;
  }
}

function wholeAnswer(status: number): Answer {
  const answer = takeTapped();
  if (answer?.status !== status) throw new Error(`The caller was told ${status}, and the answer was ${answer?.status}.`);
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, [value ?? []].flat()]);
  return { outcome: 'whole', status, headers: Object.fromEntries(headers), body: answer.body };
}

/** Facts and answers without some fields of HTTP, wherever they stand. */
function without<T>(names: ReadonlySet<string>, value: T): T {
  if (Array.isArray(value)) return value.map((each) => without(names, each)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const isNamed = (_text: unknown, at: number, all: string[]) => !names.has(String(all[at - (at % 2)]).toLowerCase());
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !names.has(name))
      .map(([name, each]) => [name, name === 'rawHeaders' ? (each as string[]).filter(isNamed) : without(names, each)]),
  ) as T;
}

/** What differs from one request to the next in the same way: the clock and the port. */
function withoutChance(compared: Compared, host: string): Compared {
  const text = JSON.stringify(compared)
    .replaceAll(host, 'HOST:12345')
    .replaceAll(/(Expires=)?\w{3}, \d\d \w{3} (?!2024)\d{4} \d\d:\d\d:\d\d GMT/g, '$1NOW')
    .replaceAll(/("(?:x-response-time|x-ratelimit-reset)":\[")[\d.]+/g, '$1N');
  return JSON.parse(text) as Compared;
}

/** They speak of one connection, and calls have theirs: undici closes it behind a HEAD, to be on the safe side. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'shouldKeepAlive']);

/** A call gives its caller no words of a status, no trailers, no answers on the way, and nothing of one that broke off. */
function asCallsCarry({ answers, seen }: Compared): Compared {
  const carried = (answers as Answer[]).map(({ outcome, status, headers, body }) =>
    outcome === 'whole' ? { outcome, status, headers, body } : { outcome },
  );
  return without(OF_THE_CONNECTION, { answers: carried, seen });
}

function known(differences: Differences): NonNullable<WayKind['differs']> {
  return (name, version) => {
    const { why, only = version } = differences[name] ?? {};
    return only === version ? why : undefined;
  };
}

/** What Node hangs on its objects, or on its own classes, where the link does the same by other means. */
const OF_NODE = new Set(['keys', 'listeners', 'readableHighWaterMark', 'writableHighWaterMark']);

function asLinksCarry(compared: Compared): Compared {
  return without(OF_NODE, asCallsCarry(compared));
}

/** Cases that a way can say, and why it cannot say the others. */
export function divide(kind: WayKind, topics: readonly Topic[], version: string) {
  const all = topics.flatMap(({ name, cases }) => cases.map((each) => ({ topic: name, case: each })));
  const ofVersion = all.filter(({ case: { only } }) => only === undefined || only === version);
  const isLeft = (each: (typeof all)[number]) => kind.isCall && each.case.notByCall !== undefined;
  return { run: ofVersion.filter((each) => !isLeft(each)), left: ofVersion.filter(isLeft) };
}
