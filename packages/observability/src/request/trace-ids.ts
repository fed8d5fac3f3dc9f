import type { Context } from '@express-micro/core';
import { context as otel, type SpanContext, TraceFlags, trace } from '../opentelemetry.ts';
import { ObservedRequest } from './observed-request.ts';

/** OpenTelemetry's own, so that nothing is copied for a line. */
export type TraceIds = Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'>;

/** https://www.w3.org/TR/trace-context/#traceparent-header; ids of zeros are no ids. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/;
const NO_TRACE = '0'.repeat(32);

/** The span at work now, whoever began it; else that of the request; else the one that came with it. */
export function traceNow(context: Context | undefined): TraceIds | undefined {
  // Its end is told from wherever its connection is looked at, which may be the work of another.
  if (context instanceof ObservedRequest && context.endedAtMs !== undefined) return traceOf(context);
  const span = trace.getSpan(otel.active());
  return (span && idsOf(span.spanContext())) ?? (context && traceOf(context));
}

/** The span of a request, or else the one that came with it. */
export function traceOf(context: Context): TraceIds | undefined {
  const traced = context instanceof ObservedRequest ? context.trace : undefined;
  return (traced && idsOf(traced.span.spanContext())) ?? read(context.traceparent);
}

/** Whether somebody keeps this trace. */
export function isSampled({ traceFlags }: TraceIds): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
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
