import { type Context, currentBeside } from '@express-micro/core';
import { context as otel, type SpanContext, TraceFlags, trace } from '../opentelemetry.ts';
import { idsText } from './ids-text.ts';
import { ObservedRequest } from './observed-request.ts';
import { NO_TRACE, RequestTrace } from './request-trace.ts';

/** OpenTelemetry's own, so that nothing is copied for a line. */
export type TraceIds = Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'>;

/** https://www.w3.org/TR/trace-context/#traceparent-header; ids of zeros are no ids. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/;

/** The span at work now, whoever began it; else that of the request; else the one that came with it. */
export function traceNow(context: Context | undefined): TraceIds | undefined {
  const request = requestAtWork(context);
  if (request !== undefined) return idsOf(request.spanContext()) ?? read(context?.traceparent);
  const span = hasEnded(context) ? undefined : trace.getSpan(otel.active());
  return (span && idsOf(span.spanContext())) ?? (context && traceOf(context));
}

/** The same, where somebody keeps this trace: of most, nobody does. */
export function sampledNow(context: Context | undefined): TraceIds | undefined {
  if (requestAtWork(context)?.isSampled === false) return undefined;
  const ids = traceNow(context);
  return ids !== undefined && (ids.traceFlags & TraceFlags.SAMPLED) !== 0 ? ids : undefined;
}

/** The span at work as a piece of JSON that begins with a comma, or nothing. */
export function traceJsonNow(context: Context | undefined): string {
  const text = requestAtWork(context)?.text;
  if (text !== undefined) return text;
  const ids = traceNow(context);
  return ids === undefined ? '' : idsText(ids.traceId, ids.spanId);
}

/** The span of a request, or else the one that came with it. */
export function traceOf(context: Context): TraceIds | undefined {
  const traced = context instanceof ObservedRequest ? context.trace : undefined;
  return (traced && idsOf(traced.spanContext())) ?? read(context.traceparent);
}

/** The end of a request is told from wherever its connection is looked at, which may be the work of another. */
function hasEnded(context: Context | undefined): context is ObservedRequest {
  return context instanceof ObservedRequest && context.endedAtMs !== undefined;
}

/** The request whose own span is at work, where that can be told without asking OpenTelemetry: nearly always. */
function requestAtWork(context: Context | undefined): RequestTrace | undefined {
  if (hasEnded(context)) return context.trace;
  const beside = currentBeside();
  return beside instanceof RequestTrace ? beside : undefined;
}

function idsOf(context: SpanContext): TraceIds | undefined {
  return context.traceId === NO_TRACE ? undefined : context;
}

function read(traceparent: string | undefined): TraceIds | undefined {
  if (traceparent === undefined) return undefined;
  const ids = TRACEPARENT.exec(traceparent);
  if (ids === null) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = ids;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}
