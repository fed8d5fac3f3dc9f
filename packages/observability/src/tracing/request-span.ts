// Hot path: every request of an app that is traced. Its bench: bench/observed-cost.mjs

import type { IncomingHttpHeaders } from 'node:http';
import { isOfMesh } from '../access-log/routine.ts';
import type { Secrets } from '../logging/secrets.ts';
import { METHODS } from '../metrics/request-metrics.ts';
import {
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
import { isRecording, RequestTrace, type SpanMaker } from '../request/request-trace.ts';
import type { DescribedLater, Description } from './described-later.ts';
import { ownSdk, type RootSpans } from './own-sdk.ts';
import { OTHER_METHOD, RequestDescription } from './request-description.ts';
import { activeContext, type Sdk, sdkOfProcess } from './sdk.ts';

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
        takeOver(request, here, around);
        return;
      }
      const { req } = request;
      // Not a child of the span in which somebody called `listen`: Node runs all requests of a server in that context.
      const outside = above === undefined ? here : trace.deleteSpan(here);
      const from = carriesTrace(req.headers) ? propagation.extract(outside, req.headers, HEADERS) : outside;
      const maker = from === ROOT_CONTEXT ? makerOf(sdk.roots) : undefined;
      request.trace = new RequestTrace(request, from, true, maker === undefined ? begin(sdk, request, from) : undefined, maker);
    },

    ended(request) {
      const { trace: traced } = request;
      if (traced === undefined) return;
      const { status } = request;
      if (traced.isUnasked) {
        if (sdkOfProcess()?.roots?.isWorthKeeping(traced.drawn(), status >= 500, request.durationMs) !== true) return;
        traced.begin();
      }
      endSpan(request, traced, status, secrets);
    },
  };
}

function takeOver(request: ObservedRequest, here: OtelContext, around: Span): void {
  request.trace = new RequestTrace(request, here, false, around, undefined);
  // It ends its span when the response closes, and was there before us: what we know must be there by then.
  request.res.prependListener('close', () => request.end());
}

function endSpan(request: ObservedRequest, { span, isOurs }: RequestTrace, status: number, secrets: Secrets): void {
  if (!isRecording(span)) return;
  describe(span, () => new RequestDescription(request, status, secrets));
  if (!isOurs) return;
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  if (sdkOfProcess()?.isOurs === true) span.end(request.endedAtMs);
  else span.end();
}

/** Runs what serves a request in its context, and so that spans that it begins are children of the request's. */
export function runInTrace(request: ObservedRequest, run: () => void): void {
  const { trace: traced } = request;
  if (traced === undefined || !traced.isOurs) inContext(request, run);
  else if (sdkOfProcess()?.sharesContexts === true) inContext(request, run, traced);
  else runApart(request, run, traced);
}

function runApart(request: ObservedRequest, run: () => void, traced: OtelContext): void {
  context.with(traced, () => inContext(request, run));
}

/** Who makes spans of requests that nobody has asked for yet: one a process. */
let maker: SpanMaker | undefined;

function makerOf(roots: RootSpans | undefined): SpanMaker | undefined {
  if (maker !== undefined || roots === undefined) return maker;
  maker = {
    drawIds: () => roots.drawIds(),
    isChosen: (ids) => roots.isChosen(ids),
    begin(request, ids) {
      const { name, options } = beginningOf(request.req.method);
      return roots.begin(name, { ...options, startTime: request.beganAtMs }, ids);
    },
  };
  return maker;
}

function begin(sdk: Sdk, request: ObservedRequest, from: OtelContext): Span {
  const { name, options } = beginningOf(request.req.method);
  // Another SDK that is given a time for the beginning asks a worse clock for the end.
  return sdk.tracer.startSpan(name, sdk.isOurs ? { ...options, startTime: request.beganAtMs } : options, from);
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
  if (kind !== undefined || ownSdk() !== undefined) return undefined;
  const { isRemote, traceId } = around.spanContext();
  return isRemote === true || !isValidTraceId(traceId) ? undefined : around;
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

function beginningNamed(method: string, name = method): Beginning {
  const attributes = Object.freeze({ 'http.request.method': method });
  return { name, options: Object.freeze({ kind: SpanKind.SERVER, attributes }) };
}
const BEGINNINGS: ReadonlyMap<string, Beginning> = new Map([...METHODS].map((method) => [method, beginningNamed(method)]));
const OTHER_BEGINNING: Beginning = beginningNamed(OTHER_METHOD, 'HTTP');

function beginningOf(method: string | undefined): Beginning {
  return BEGINNINGS.get(method ?? '') ?? OTHER_BEGINNING;
}
