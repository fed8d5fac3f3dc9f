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
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '../opentelemetry.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import type { DescribedLater } from './described-later.ts';
import { isOurSdk } from './flush.ts';
import { tracerOfSdk } from './sdk.ts';

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
    began(request) {
      const tracer = tracerOfSdk();
      if (tracer === undefined || isOfMesh(request)) return;
      const here = context.active();
      const around = spanAround(here);
      if (around !== undefined) {
        request.trace = { span: around, context: here, isOurs: false };
        // It ends its span when the response closes, and was there before us: what we know must be there by then.
        request.res.prependListener('close', () => request.end());
        return;
      }
      const { req } = request;
      const method = methodOf(req.method);
      // Not a child of the span in which somebody called `listen`: Node runs all requests of a server in that context.
      const outside = trace.getSpan(here) === undefined ? here : trace.deleteSpan(here);
      const from = carriesTrace(req.headers) ? propagation.extract(outside, req.headers, HEADERS) : outside;
      const span = tracer.startSpan(
        method === OTHER_METHOD ? 'HTTP' : method,
        { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
        from,
      );
      request.trace = { span, context: trace.setSpan(from, span), isOurs: true };
    },

    ended(request) {
      const { trace: traced } = request;
      if (traced === undefined) return;
      const { span } = traced;
      if (!isRecording(span)) return;
      const { status } = request;
      const route = routePatternOf(request.req);
      describe(span, () => atEnd(request, status, route, secrets));
      if (route !== undefined) span.updateName(`${methodOf(request.req.method)} ${route}`);
      if (!traced.isOurs) return;
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Runs what serves a request, so that spans that it begins are children of the request's. */
export function runInTrace(request: ObservedRequest, run: () => void): void {
  if (request.trace === undefined || !request.trace.isOurs) run();
  else context.with(request.trace.context, run);
}

/** Most spans are thrown away by who has written them down, and need not be told what nobody reads. */
function describe(span: Span & Partial<DescribedLater>, attributes: () => Attributes): void {
  if (span.describeLater === undefined) span.setAttributes(attributes());
  else span.describeLater(attributes);
}

/**
 * The span of whoever was quicker, an instrumentation of Node's servers or an agent: two spans of one request would only confuse.
 * Agents show spans of their own make, which tell no kind, and some of them nothing but their ids.
 */
function spanAround(here: OtelContext): Span | undefined {
  const around = trace.getSpan(here);
  if (around === undefined) return undefined;
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

const OTHER_METHOD = '_OTHER';
/** `shop:3000`, `[::1]:3000`; a host without a port is a name. */
const HOST = /^(.+):(\d{1,5})$/;

function methodOf(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : OTHER_METHOD;
}

function atEnd(request: ObservedRequest, status: number, route: string | undefined, secrets: Secrets): Attributes {
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
