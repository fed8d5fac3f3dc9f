import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Caller, isForbiddenKey, show } from '@express-micro/core';
import { meshError } from '../errors.ts';
import type { RouteDescriptor } from '../routes/descriptor.ts';

/** A request as a stub gets it. */
export interface StubRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  /** Parsed where it is JSON, else the text; `undefined` where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON held, as `JSON.parse` has it.
  readonly body: any;
  /** Who called, as proven. */
  readonly caller: Caller | undefined;
}

/** What a route of a stub answers: a value, sent as JSON with 200 (nothing: 204), or a `Response`, sent as it is. */
export type StubAnswer = object | string | number | boolean | null | undefined;

/** `{ 'POST /payments': (req) => ({ id: 'p-1' }), 'GET /rates': { eur: 1 } }` */
export type StubRoutes = Readonly<Record<string, StubAnswer | ((req: StubRequest) => StubAnswer | Promise<StubAnswer>)>>;

export interface Stub {
  readonly descriptors: readonly RouteDescriptor[];
  /** What has come, in its order. */
  readonly requests: StubRequest[];
  handle(req: IncomingMessage, res: ServerResponse, caller: Caller | undefined): void;
}

interface StubRoute {
  readonly method: string;
  readonly segments: readonly string[];
  readonly answer: unknown;
}

const ROUTE = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/[^\s?#*(){}]*)$/;

/** A service of a few lines, for one that is not at hand. @throws MESH_OPTION_INVALID */
export function createStub(routes: StubRoutes): Stub {
  const table = Object.entries(routes).map(readRoute);
  const requests: StubRequest[] = [];

  async function answer(req: IncomingMessage, res: ServerResponse, caller: Caller | undefined): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://stub');
    const found = find(table, req.method ?? '', pathname);
    if (found === undefined) return send(res, 404, { error: `The stub has no route ${req.method} ${pathname}.` });
    const request: StubRequest = Object.freeze({
      method: req.method ?? '',
      path: pathname,
      params: found.params,
      query: Object.freeze(fields(searchParams)),
      headers: req.headers,
      body: await readBody(req),
      caller,
    });
    requests.push(request);
    const given = found.route.answer;
    const value: unknown = typeof given === 'function' ? await given(request) : given;
    if (isResponse(value)) await sendResponse(res, value);
    else send(res, value === undefined ? 204 : 200, value);
  }

  return {
    descriptors: table.map(({ method, segments }) => ({ method, paths: [`/${segments.join('/')}`] })),
    requests,
    handle(req, res, caller) {
      answer(req, res, caller).catch((error: unknown) => {
        if (res.headersSent) res.destroy();
        else send(res, 500, { error: `The stub failed: ${error instanceof Error ? error.message : show(error)}` });
      });
    },
  };
}

function readRoute([key, answer]: [string, unknown]): StubRoute {
  const [, method, path] = ROUTE.exec(key) ?? [];
  if (method === undefined || path === undefined) {
    const message = `stub() got the route ${show(key)}; it takes a method and a path of plain segments and :parameters, such as "GET /payments/:id".`;
    throw meshError('MESH_OPTION_INVALID', message, { details: { option: 'routes' } });
  }
  return { method, segments: path.slice(1).split('/'), answer };
}

function find(
  table: readonly StubRoute[],
  method: string,
  path: string,
): { route: StubRoute; params: Record<string, string> } | undefined {
  const segments = path.slice(1).split('/');
  for (const route of table) {
    const isMethod = route.method === method || (method === 'HEAD' && route.method === 'GET');
    if (!isMethod || route.segments.length !== segments.length) continue;
    const params = match(route.segments, segments);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: [string, string][] = [];
  for (const [at, part] of pattern.entries()) {
    const segment = decodeURIComponent(segments[at] as string);
    if (part.startsWith(':') && segment !== '') params.push([part.slice(1), segment]);
    else if (part !== segment) return undefined;
  }
  return fields(params);
}

function fields(entries: Iterable<[string, string]>): Record<string, string> {
  return Object.fromEntries([...entries].filter(([name]) => !isForbiddenKey(name)));
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return undefined;
  const text = Buffer.concat(chunks).toString('utf8');
  return /^application\/(.+\+)?json\b/.test(req.headers['content-type'] ?? '') ? JSON.parse(text) : text;
}

function send(res: ServerResponse, status: number, value: unknown): void {
  if (value === undefined) {
    res.writeHead(status).end();
    return;
  }
  const text = JSON.stringify(value);
  res
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

/** By what it can do: a test framework may have a class of its own. */
function isResponse(value: unknown): value is Response {
  const response = value as Partial<Response> | null | undefined;
  return typeof response === 'object' && typeof response?.arrayBuffer === 'function' && typeof response.clone === 'function';
}

async function sendResponse(res: ServerResponse, response: Response): Promise<void> {
  // A clone, because one that is given again and again may be read once only.
  const body = Buffer.from(await response.clone().arrayBuffer());
  res.writeHead(response.status, Object.fromEntries(response.headers)).end(body);
}
