// Hot path: every request of an app that is traced. Its bench: bench/observed-cost.mjs

import type { IncomingHttpHeaders } from 'node:http';
import { redactUrl } from '../access-log/redact-url.ts';
import { isOfMesh } from '../access-log/routine.ts';
import type { Secrets } from '../logging/secrets.ts';
import { METHODS } from '../metrics/request-metrics.ts';
import { routePatternOf } from '../metrics/route-pattern.ts';
import {
  type Attributes,
  context,
  isValidTraceId,
  type OtelContext,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '../opentelemetry.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { inContext } from '../request/request-id.ts';
import { aroundSpan } from './around-span.ts';
import type { DescribedLater, Description } from './described-later.ts';
import { isOurSdk } from './flush.ts';
import { activeContext, sdkOfProcess } from './sdk.ts';

/** The span of a request and the context in which its handlers run. */
export interface RequestTrace {
  readonly span: Span;
  readonly context: OtelContext;
  /** Begun by us, and so ours to end. */
  readonly isOurs: boolean;
}

const HEADERS: TextMapGetter<IncomingHttpHeaders> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, name) => headers[name],
};

/**
 * A span for each request, the parent of all that happens for it, and itself the child of the span that came with it.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
export function createRequestSpans({ secrets }: { readonly secrets: Secrets }): RequestObserver {
  return {
    name: 'The trace',
    began(request) {
      const sdk = sdkOfProcess();
      if (sdk === undefined || isOfMesh(request)) return;
      const here = activeContext(sdk);
      // Most requests come outside of everything.
      const above = here === ROOT_CONTEXT ? undefined : trace.getSpan(here);
      const around = above && spanAround(above);
      if (around !== undefined) {
        request.trace = { span: around, context: here, isOurs: false };
        // It ends its span when the response closes, and was there before us: what we know must be there by then.
        request.res.prependListener('close', () => request.end());
        return;
      }
      const { req } = request;
      // Not a child of the span in which somebody called `listen`: Node runs all requests of a server in that context.
      const outside = above === undefined ? here : trace.deleteSpan(here);
      const from = carriesTrace(req.headers) ? propagation.extract(outside, req.headers, HEADERS) : outside;
      const { name, options } = BEGINNINGS.get(req.method ?? '') ?? OTHER_BEGINNING;
      // Another SDK that is given a time for the beginning asks a worse clock for the end.
      const span = sdk.tracer.startSpan(name, sdk.isOurs ? { ...options, startTime: request.beganAtMs } : options, from);
      request.trace = { span, context: aroundSpan(span, from), isOurs: true };
    },

    ended(request) {
      const { trace: traced } = request;
      if (traced === undefined) return;
      const { span } = traced;
      if (!isRecording(span)) return;
      const { status } = request;
      describe(span, () => descriptionOf(request, status, secrets));
      if (!traced.isOurs) return;
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      if (sdkOfProcess()?.isOurs === true) span.end(request.endedAtMs);
      else span.end();
    },
  };
}

/** Runs what serves a request in its context, and so that spans that it begins are children of the request's. */
export function runInTrace(request: ObservedRequest, run: () => void): void {
  const { trace: traced } = request;
  if (traced === undefined || !traced.isOurs) inContext(request, run);
  else if (sdkOfProcess()?.sharesContexts === true) inContext(request, run, traced.context);
  else context.with(traced.context, () => inContext(request, run));
}

/** Most spans are thrown away by who has written them down, and need not be told what nobody reads. */
function describe(span: Span & Partial<DescribedLater>, description: () => Description): void {
  if (span.describeLater !== undefined) {
    span.describeLater(description);
    return;
  }
  const { name, attributes } = description();
  span.setAttributes(attributes);
  if (name !== undefined) span.updateName(name);
}

/**
 * The span of whoever was quicker, an instrumentation of Node's servers or an agent: two spans of one request would only confuse.
 * Agents show spans of their own make, which tell no kind, and some of them nothing but their ids.
 */
function spanAround(around: Span): Span | undefined {
  const { kind } = around as { kind?: unknown };
  if (kind === SpanKind.SERVER) return isRecording(around) ? around : undefined;
  if (kind !== undefined || isOurSdk()) return undefined;
  const { isRemote, traceId } = around.spanContext();
  return isRemote === true || !isValidTraceId(traceId) ? undefined : around;
}

export function isRecording(span: Span): boolean {
  return (span as Partial<Span>).isRecording?.() === true;
}

let fields: readonly string[] | undefined;

/** Most requests from outside bring none, and to look for one in every way there is costs more than the rest. */
function carriesTrace(headers: IncomingHttpHeaders): boolean {
  fields ??= propagation.fields();
  for (const name of fields) if (headers[name] !== undefined) return true;
  return false;
}

/** What is known of a span at its beginning, one for each method: nobody changes it. */
interface Beginning {
  readonly name: string;
  readonly options: SpanOptions;
}

const OTHER_METHOD = '_OTHER';

function beginningOf(method: string, name = method): Beginning {
  const attributes = Object.freeze({ 'http.request.method': method });
  return { name, options: Object.freeze({ kind: SpanKind.SERVER, attributes }) };
}
const BEGINNINGS: ReadonlyMap<string, Beginning> = new Map([...METHODS].map((method) => [method, beginningOf(method)]));
const OTHER_BEGINNING: Beginning = beginningOf(OTHER_METHOD, 'HTTP');

/** `shop:3000`, `[::1]:3000`; a host without a port is a name. */
const HOST = /^(.+):(\d{1,5})$/;

function methodOf(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : OTHER_METHOD;
}

function descriptionOf(request: ObservedRequest, status: number, secrets: Secrets): Description {
  const route = routePatternOf(request.req);
  return {
    name: route === undefined ? undefined : `${methodOf(request.req.method)} ${route}`,
    attributes: attributesOf(request, status, route, secrets),
  };
}

function attributesOf(request: ObservedRequest, status: number, route: string | undefined, secrets: Secrets): Attributes {
  const { req, caller, remoteAddress, isFinished } = request;
  const url = redactUrl(request.url, secrets);
  const mark = url.indexOf('?');
  const attributes: Attributes = {
    'url.path': mark < 0 ? url : url.slice(0, mark),
    'http.response.status_code': status,
    'express_micro.request_id': request.requestId,
    'network.protocol.version': req.httpVersion,
    'url.scheme': (req.socket as { encrypted?: boolean }).encrypted === true ? 'https' : 'http',
  };
  const { host, 'user-agent': agent } = req.headers;
  if (route !== undefined) attributes['http.route'] = route;
  if (mark >= 0) attributes['url.query'] = url.slice(mark + 1);
  if (host !== undefined) {
    const [, name = host, port] = HOST.exec(host) ?? [];
    attributes['server.address'] = name;
    if (port !== undefined) attributes['server.port'] = Number(port);
  }
  if (remoteAddress !== undefined) attributes['client.address'] = remoteAddress;
  if (agent !== undefined) attributes['user_agent.original'] = agent;
  if (caller !== undefined) attributes['express_micro.caller'] = caller.service;
  if (!METHODS.has(req.method ?? '')) attributes['http.request.method_original'] = String(req.method);
  if (status >= 500) attributes['error.type'] = String(status);
  else if (!isFinished) attributes['error.type'] = 'aborted';
  return attributes;
}
