// Hot path: every span of a process that is traced. Its bench: bench/tracing-cost.mjs

import { SpanKind, SpanStatusCode, TraceFlags } from '../tracing/opentelemetry.ts';
import type { ReadableSpan, SpanProcessor } from './sdk-trace.ts';
import type { Keep } from './settings.ts';

/** What this process did for one trace, while it is not known whether it is kept. */
interface Pending {
  readonly spans: ReadableSpan[];
  /** Begun and not ended. */
  open: number;
  isWorthKeeping: boolean;
}

/** A trace with more spans is a loop, or a batch; the first tell what it is. */
const MAX_SPANS = 1_000;
/** Streams that are read for hours hold theirs so long. */
const MAX_PENDING = 5_000;

/**
 * Hands on what is sampled, and holds back the rest of a trace in this process until its last span has ended: where one of
 * them failed, or a request was slow, all of them are handed on, else none.
 *
 * Each process decides by what it has seen. A failure and a long wait are seen by all above it, so a trace has them and the
 * way to them; what went well and fast beside them may be missing.
 */
export function createKeepingProcessor(next: SpanProcessor, keep: Keep, onDropped: (spans: number) => void): SpanProcessor {
  const pending = new Map<string, Pending>();

  function forgetOldest(): void {
    const [oldest] = pending;
    if (oldest === undefined) return;
    pending.delete(oldest[0]);
    onDropped(oldest[1].spans.length);
  }

  function isWorthKeeping(span: ReadableSpan): boolean {
    const { status, kind, parentSpanContext } = span;
    if (keep.errors && status.code === SpanStatusCode.ERROR && !isRefusal(span)) return true;
    const isLocalRoot = kind === SpanKind.SERVER || kind === SpanKind.CONSUMER || parentSpanContext === undefined;
    return keep.slowMs !== undefined && isLocalRoot && span.duration[0] * 1_000 + span.duration[1] / 1e6 >= keep.slowMs;
  }

  return {
    onStart(span, parentContext) {
      const { traceId, traceFlags } = span.spanContext();
      if ((traceFlags & TraceFlags.SAMPLED) !== 0) {
        next.onStart(span, parentContext);
        return;
      }
      let held = pending.get(traceId);
      if (held === undefined) {
        if (pending.size >= MAX_PENDING) forgetOldest();
        held = { spans: [], open: 0, isWorthKeeping: false };
        pending.set(traceId, held);
      }
      held.open += 1;
    },

    onEnd(span) {
      const { traceId, traceFlags } = span.spanContext();
      if ((traceFlags & TraceFlags.SAMPLED) !== 0) {
        next.onEnd(span);
        return;
      }
      const held = pending.get(traceId);
      if (held === undefined) return;
      held.open -= 1;
      held.isWorthKeeping ||= isWorthKeeping(span);
      if (held.spans.length < MAX_SPANS) held.spans.push(span);
      if (held.open > 0) return;
      pending.delete(traceId);
      if (held.isWorthKeeping) for (const one of held.spans) next.onEnd(asSampled(one));
    },

    forceFlush: () => next.forceFlush(),
    shutdown: () => next.shutdown(),
  };
}

/** A 404 that a caller was given is an error of his span, by convention, and seldom one that anybody looks for. */
function isRefusal({ attributes }: ReadableSpan): boolean {
  const status = attributes['http.response.status_code'];
  return typeof status === 'number' && status < 500;
}

/** Exporters leave out what says that it is not to be kept. */
function asSampled(span: ReadableSpan): ReadableSpan {
  const spanContext = { ...span.spanContext(), traceFlags: TraceFlags.SAMPLED };
  return Object.create(span, { spanContext: { value: () => spanContext } }) as ReadableSpan;
}
